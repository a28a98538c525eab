using System.Collections.Immutable;
using AkkaCp.Model.Configuration;
using AkkaCp.Npu;

namespace AkkaCp.Model.Weights;

/// <summary>
/// All weights of one rank. Pieces may be shared with other ranks of the process; disposing gives this rank's hold on them back,
/// and the last holder's disposal frees them. The members' own Dispose must not be called.
/// </summary>
public sealed class ModelWeights : IDisposable
{
    private IReadOnlyList<IDisposable> _leases;

    internal ModelWeights(IReadOnlyList<IDisposable> leases) => _leases = leases;

    /// <summary>The model.</summary>
    public required ModelConfig Config { get; init; }

    /// <summary>This rank's place.</summary>
    public required ShardSpec Shard { get; init; }

    /// <summary>[V, H] F32 or BF16, rows by token id.</summary>
    public required Tensor Embedding { get; init; }

    /// <summary>The decoder layers in order.</summary>
    public required IReadOnlyList<LayerWeights> Layers { get; init; }

    /// <summary>[H] F32, before the output head.</summary>
    public required Tensor FinalNorm { get; init; }

    /// <summary>[VocabCount, H].</summary>
    public required PackedMatrix LmHead { get; init; }

    /// <summary>Token id of <see cref="LmHead"/>'s first row.</summary>
    public required int VocabStart { get; init; }

    /// <summary>Rows of <see cref="LmHead"/>.</summary>
    public required int VocabCount { get; init; }

    /// <summary>Bytes in memory that this rank uses, shared ones included.</summary>
    public required long Bytes { get; init; }

    /// <summary>What was read for it from the files, shared pieces included, in ordinal order of the names.</summary>
    public required ImmutableArray<WeightHash> Hashes { get; init; }

    /// <summary>Gives this rank's hold on every piece back; further calls do nothing.</summary>
    public void Dispose()
    {
        foreach (var lease in Interlocked.Exchange(ref _leases, []))
            lease.Dispose();
    }
}
