using System.Collections.Immutable;
using AkkaCp.Actors.Nodes;
using AkkaCp.Model.Weights;

namespace AkkaCp.Actors.Tests.Simulation;

/// <summary>The hashes of simulated weights: one piece for each rank, and one that all have.</summary>
internal static class SimWeights
{
    private const int MostRanks = 8;

    // By the set of ranks: digests are the same in every simulation, and take longer than most of its turns.
    private static readonly ImmutableArray<LoadedHashes> s_hashes = [.. Enumerable.Range(0, 1 << MostRanks).Select(Make)];

    public static LoadedHashes Of(ImmutableArray<int> ranks) => s_hashes[ranks.Sum(rank => 1 << rank)];

    private static LoadedHashes Make(int ranks) => ranks == 0 ? LoadedHashes.None : LoadedHashes.Of(
    [
        new WeightHash("all", 7u),
        .. Enumerable.Range(0, MostRanks).Where(rank => (ranks & (1 << rank)) != 0)
            .Select(rank => new WeightHash($"rank {rank}", (uint)rank + 100u)),
    ]);
}
