using System.Runtime.Serialization;
using AkkaCp.Actors.Protocol;

namespace AkkaCp.Actors.Wire;

/// <summary>
/// Puts fragments together, in whatever order they come. What is not finished is bounded in number, size and time; beyond, the oldest is
/// dropped, and whoever sent it notices by the missing answer. Used on one actor's turn only.
/// </summary>
/// <param name="mostMessages">Unfinished messages at a time.</param>
/// <param name="mostBytes">Bytes of unfinished messages together.</param>
internal sealed class FragmentAssembler(int mostMessages = 32, long mostBytes = 64L << 20)
{
    /// <summary>Bytes of a fragment at most.</summary>
    public const int FragmentBytes = 64_000;

    private const int MostFragments = 1024;
    private const int MostTicks = 30;

    private readonly Dictionary<Guid, Unfinished> _unfinished = [];
    private long _bytes;
    private long _begun;

    /// <summary>Messages that wait for fragments.</summary>
    public int Count => _unfinished.Count;

    /// <summary>Takes a fragment.</summary>
    /// <returns>The whole message's bytes with its last fragment; null before.</returns>
    /// <exception cref="SerializationException">It contradicts itself, or the fragments before it.</exception>
    public byte[]? Add(FragmentProtocol.Fragment fragment)
    {
        if (fragment.Count is < 1 or > MostFragments || (uint)fragment.Index >= (uint)fragment.Count
            || fragment.Bytes.Length > FragmentBytes)
        {
            throw new SerializationException($"fragment {fragment.Index} of {fragment.Count} with {fragment.Bytes.Length} bytes cannot be");
        }

        if (!_unfinished.TryGetValue(fragment.Message, out var message))
            _unfinished.Add(fragment.Message, message = new Unfinished(fragment.Count, fragment.Manifest, _begun++));
        if (message.Fragments.Length != fragment.Count || message.Manifest != fragment.Manifest)
            throw new SerializationException($"fragment {fragment.Index} contradicts the fragments before it");
        if (message.Fragments[fragment.Index].IsDefault)
        {
            message.Fragments[fragment.Index] = fragment.Bytes;
            message.Missing--;
            message.Bytes += fragment.Bytes.Length;
            _bytes += fragment.Bytes.Length;
        }

        if (message.Missing == 0)
        {
            Drop(fragment.Message);
            return Join(message);
        }

        while (_unfinished.Count > mostMessages || _bytes > mostBytes)
            Drop(_unfinished.MinBy(entry => entry.Value.Number).Key);
        return null;
    }

    /// <summary>Time passes: what has waited too long for a fragment is dropped.</summary>
    public void Tick()
    {
        foreach (var (id, message) in _unfinished.ToList())
        {
            if (++message.Ticks > MostTicks)
                Drop(id);
        }
    }

    private static byte[] Join(Unfinished message)
    {
        var whole = new byte[message.Bytes];
        var at = 0;
        foreach (var fragment in message.Fragments)
        {
            fragment.AsSpan().CopyTo(whole.AsSpan(at));
            at += fragment.Length;
        }

        return whole;
    }

    private void Drop(Guid id)
    {
        if (_unfinished.Remove(id, out var message))
            _bytes -= message.Bytes;
    }

    private sealed class Unfinished(int count, string manifest, long number)
    {
        public System.Collections.Immutable.ImmutableArray<byte>[] Fragments { get; } =
            new System.Collections.Immutable.ImmutableArray<byte>[count];

        public string Manifest { get; } = manifest;

        public long Number { get; } = number;

        public int Missing { get; set; } = count;

        public int Bytes { get; set; }

        public int Ticks { get; set; }
    }
}
