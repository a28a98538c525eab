using System.Collections.Immutable;
using AkkaCp.Model.Weights;

namespace AkkaCp.Actors.Nodes;

/// <summary>The hashes of what a node has loaded.</summary>
/// <param name="Digest">One hash over all; 0 for none.</param>
/// <param name="Hashes">In ordinal order of their pieces.</param>
internal sealed record LoadedHashes(UInt128 Digest, ImmutableArray<WeightHash> Hashes)
{
    /// <summary>Of a node that has loaded nothing.</summary>
    public static LoadedHashes None { get; } = new(UInt128.Zero, []);

    /// <summary>With their digest.</summary>
    public static LoadedHashes Of(ImmutableArray<WeightHash> hashes) => new(WeightHash.DigestOf(hashes), hashes);
}
