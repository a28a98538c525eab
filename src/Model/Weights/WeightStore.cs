using System.Collections.Immutable;
using AkkaCp.Npu;

namespace AkkaCp.Model.Weights;

/// <summary>
/// Weights of one process, each equal piece held once however many ranks use it, freed with its last user. Thread-safe; ranks may
/// load at the same time: who comes second to a piece waits for the first one's load. A failed load is not remembered.
/// </summary>
public sealed class WeightStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private long _bytes;

    /// <summary>Bytes of all pieces in memory, each counted once.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Pieces in memory or being loaded.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _entries.Count;
        }
    }

    /// <summary>The piece of this key, loaded now by this caller unless another one has it or is at it.</summary>
    internal WeightLease Acquire(string key, Func<LoadedPiece> load, CancellationToken cancellationToken)
    {
        while (true)
        {
            var (entry, first) = Enter(key);
            if (first)
            {
                Load(entry, load);
                return new WeightLease(this, entry);
            }

            if (WaitFor(entry, cancellationToken))
                return new WeightLease(this, entry);
        }
    }

    internal void Release(Entry entry)
    {
        lock (_lock)
        {
            if (--entry.Users > 0)
                return;

            _entries.Remove(entry.Key);
        }

        var piece = entry.Loaded.Task.Result;
        Interlocked.Add(ref _bytes, -BytesOf(piece.Value));
        piece.Value.Dispose();
    }

    internal static long BytesOf(IDisposable piece) => piece switch
    {
        PackedMatrix matrix => matrix.Bytes,
        Tensor tensor => tensor.View.Count * tensor.View.DType.Bytes(),
        _ => throw new ArgumentException($"{piece.GetType()} is no weight", nameof(piece)),
    };

    private (Entry Entry, bool First) Enter(string key)
    {
        lock (_lock)
        {
            var first = !_entries.TryGetValue(key, out var entry);
            if (first)
                _entries.Add(key, entry = new Entry(key));

            entry!.Users++;
            return (entry, first);
        }
    }

    private void Load(Entry entry, Func<LoadedPiece> load)
    {
        try
        {
            var piece = load();
            Interlocked.Add(ref _bytes, BytesOf(piece.Value));
            entry.Loaded.SetResult(piece);
        }
        catch
        {
            lock (_lock)
                _entries.Remove(entry.Key);

            // Cancelled rather than faulted: those who wait try themselves, and meet the error, if it lasts, as their own.
            entry.Loaded.SetCanceled(CancellationToken.None);
            throw;
        }
    }

    private bool WaitFor(Entry entry, CancellationToken cancellationToken)
    {
        try
        {
            Task.WaitAny([entry.Loaded.Task], cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Whoever loads counts among the users: the piece stays, unless the load is done and they have all left.
            Release(entry);
            throw;
        }

        return entry.Loaded.Task.IsCompletedSuccessfully;
    }

    /// <summary>One shared piece and how many hold or await it.</summary>
    internal sealed class Entry(string key)
    {
        public string Key { get; } = key;

        public int Users { get; set; }

        public TaskCompletionSource<LoadedPiece> Loaded { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

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
            store.Release(held);
    }
}
