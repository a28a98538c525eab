using System.Collections.Immutable;

namespace AkkaCp.Model.Weights;

/// <summary>One holder's claim on a shared piece of <see cref="WeightStore"/>.</summary>
internal sealed class WeightLease(WeightStore store, WeightStore.Entry entry) : IDisposable
{
    private WeightStore.Entry? _entry = entry;

    /// <summary>A PackedMatrix or a Tensor; valid until this lease is disposed.</summary>
    public IDisposable Value { get; } = entry.Loaded.Task.Result.Value;

    /// <summary>What was read from the files for it.</summary>
    public ImmutableArray<WeightHash> Hashes { get; } = entry.Loaded.Task.Result.Hashes;

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _entry, null) is { } held)
        {
            store.Release(held);
        }
    }
}
