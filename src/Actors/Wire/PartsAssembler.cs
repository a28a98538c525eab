using System.Runtime.Serialization;
using AkkaCp.Actors.Protocol;

namespace AkkaCp.Actors.Wire;

/// <summary>
/// Puts parts together, in whatever order they come. What is not finished is bounded in number, size and time; beyond, the oldest is
/// dropped, and whoever sent it notices by the missing answer. Used on one actor's turn only.
/// </summary>
/// <param name="mostMessages">Unfinished messages at a time.</param>
/// <param name="mostBytes">Bytes of unfinished messages together.</param>
internal sealed class PartsAssembler(int mostMessages = 32, long mostBytes = 64L << 20)
{
    /// <summary>Bytes of a part at most.</summary>
    public const int PartBytes = 64_000;

    private const int MostParts = 1024;
    private const int MostTicks = 30;

    private readonly Dictionary<Guid, Unfinished> _unfinished = [];
    private long _bytes;
    private long _begun;

    /// <summary>Messages that wait for parts.</summary>
    public int Count => _unfinished.Count;

    /// <summary>Takes a part.</summary>
    /// <returns>The whole message's bytes with its last part; null before.</returns>
    /// <exception cref="SerializationException">It contradicts itself, or the parts before it.</exception>
    public byte[]? Add(PartProtocol.Part part)
    {
        if (part.Count is < 1 or > MostParts || (uint)part.Index >= (uint)part.Count || part.Bytes.Length > PartBytes)
            throw new SerializationException($"part {part.Index} of {part.Count} with {part.Bytes.Length} bytes cannot be");
        if (!_unfinished.TryGetValue(part.Message, out var message))
            _unfinished.Add(part.Message, message = new Unfinished(part.Count, part.Manifest, _begun++));
        if (message.Parts.Length != part.Count || message.Manifest != part.Manifest)
            throw new SerializationException($"part {part.Index} contradicts the parts before it");
        if (message.Parts[part.Index].IsDefault)
        {
            message.Parts[part.Index] = part.Bytes;
            message.Missing--;
            message.Bytes += part.Bytes.Length;
            _bytes += part.Bytes.Length;
        }

        if (message.Missing == 0)
        {
            Drop(part.Message);
            return Join(message);
        }

        while (_unfinished.Count > mostMessages || _bytes > mostBytes)
            Drop(_unfinished.MinBy(entry => entry.Value.Number).Key);
        return null;
    }

    /// <summary>Time passes: what has waited too long for a part is dropped.</summary>
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
        foreach (var part in message.Parts)
        {
            part.AsSpan().CopyTo(whole.AsSpan(at));
            at += part.Length;
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
        public System.Collections.Immutable.ImmutableArray<byte>[] Parts { get; } =
            new System.Collections.Immutable.ImmutableArray<byte>[count];

        public string Manifest { get; } = manifest;

        public long Number { get; } = number;

        public int Missing { get; set; } = count;

        public int Bytes { get; set; }

        public int Ticks { get; set; }
    }
}
