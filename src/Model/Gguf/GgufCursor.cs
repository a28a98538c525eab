using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Unicode;
using AkkaCp.Model.Weights.Sources;
using AkkaCp.Text.Files;

namespace AkkaCp.Model.Gguf;

/// <summary>
/// Walks through the header of a GGUF file, whose length nothing tells beforehand: it is read as far as it is asked for, and never
/// further than <see cref="MaxBytes"/>.
/// </summary>
internal sealed class GgufCursor(StoredFile file)
{
    /// <summary>Three times the largest in use, which a vocabulary takes nearly all of.</summary>
    public const int MaxBytes = 32 << 20;

    private const int FirstBytes = 256 * 1024;

    private byte[] _bytes = [];

    /// <summary>Where the next value lies.</summary>
    public int Position { get; private set; }

    /// <summary>Bytes from here to the end of the file.</summary>
    public long Rest => file.Length - Position;

    /// <summary>What was read so far, in its places.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes.AsMemory(0, Position);

    public uint UInt32(string where) => BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint), where));

    public ulong UInt64(string where) => BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong), where));

    /// <summary>A length and so many bytes of UTF-8: a key or the name of a tensor.</summary>
    public string Name(string where, int longest)
    {
        var length = Count(where, longest, elementBytes: 1);
        if (length == 0)
            throw Wrong(where, "a name", "an empty one");
        var bytes = Take((int)length, where);
        return Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : throw Wrong(where, "text in UTF-8", "bytes that are none");
    }

    /// <summary>Passes a string by.</summary>
    public void SkipText(string where) => Skip(Count(where, int.MaxValue, elementBytes: 1), where);

    /// <summary>Passes bytes by.</summary>
    public void Skip(long bytes, string where) => Take(checked((int)Math.Min(bytes, int.MaxValue)), where);

    /// <summary>A number of things of which each takes some bytes at least: as many as the rest of the file can hold.</summary>
    public long Count(string where, long most, int elementBytes)
    {
        var count = UInt64(where);
        var room = Rest / elementBytes;
        if (count > (ulong)most)
            throw Wrong(where, Invariant($"at most {most}"), Invariant($"{count}"));
        if (count > (ulong)room)
            throw Wrong(where, Invariant($"at most {room}, which the rest of the file can hold"), Invariant($"{count}"));
        return (long)count;
    }

    /// <summary>The mistake that something else stands somewhere.</summary>
    public ModelFormatException Wrong(string where, string expected, string found) => new(file.Path, where, expected, found);

    private ReadOnlySpan<byte> Take(int count, string where)
    {
        if (count > Rest)
            throw Wrong(where, Invariant($"{count} bytes at byte {Position}"), Invariant($"a file of {file.Length} bytes"));
        if (count > MaxBytes - Position)
            throw Wrong("header", Invariant($"at most {MaxBytes} bytes"), $"more: it goes on with {where}");
        if (Position + count > _bytes.Length)
            ReadTo(Position + count);
        Position += count;
        return _bytes.AsSpan(Position - count, count);
    }

    private void ReadTo(int end)
    {
        var done = _bytes.Length;
        Array.Resize(ref _bytes, (int)Math.Min(file.Length, Math.Max(end, Math.Max(FirstBytes, 2L * done))));
        file.Read("header", done, _bytes.AsSpan(done));
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
