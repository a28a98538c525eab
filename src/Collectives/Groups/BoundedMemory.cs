using System.Diagnostics.CodeAnalysis;

namespace AkkaCp.Collectives.Groups;

/// <summary>Remembers the latest entries and forgets the oldest beyond a capacity. Not thread-safe.</summary>
/// <param name="capacity">Entries kept.</param>
internal sealed class BoundedMemory<TKey, TValue>(int capacity)
    where TKey : notnull
{
    private readonly Dictionary<TKey, TValue> _entries = [];
    private readonly Queue<TKey> _order = [];

    /// <summary>Entries kept now.</summary>
    public int Count => _entries.Count;

    /// <summary>Keeps the first value given for a key.</summary>
    public void Add(TKey key, TValue value)
    {
        if (!_entries.TryAdd(key, value))
            return;

        _order.Enqueue(key);
        if (_order.Count > capacity)
            _entries.Remove(_order.Dequeue());
    }

    /// <summary>The value kept for a key, if it has not been forgotten.</summary>
    public bool TryGet(TKey key, [MaybeNullWhen(false)] out TValue value) => _entries.TryGetValue(key, out value);
}
