using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;
using AkkaCp.Text.Files;

namespace AkkaCp.Model.Gguf;

/// <summary>
/// The keys of a GGUF file. A key that is absent is null; one of another type is an error. Writers differ in the width of numbers, so any
/// integer type will do where the number fits.
/// </summary>
internal sealed class GgufMetadata(string file, ReadOnlyMemory<byte> header, IReadOnlyDictionary<string, GgufValue> values)
{
    /// <summary>All keys.</summary>
    public IEnumerable<string> Keys => values.Keys;

    /// <summary>Whether a key is there.</summary>
    public bool Has(string key) => values.ContainsKey(key);

    /// <summary>Whether a key is there and an array.</summary>
    public bool IsArray(string key) => values.TryGetValue(key, out var value) && value.Count is not null;

    /// <summary>Whether a key is there and a bool.</summary>
    public bool IsFlag(string key) => values.TryGetValue(key, out var value) && value is { Kind: GgufKind.Bool, Count: null };

    public string? Text(string key) =>
        Find(key) is not { } value ? null
        : value is { Kind: GgufKind.Text, Count: null } ? TextAt(key, value.Position, out _)
        : throw Wrong(key, "a string", value.Described);

    public bool? Flag(string key) =>
        Find(key) is not { } value ? null
        : value is { Kind: GgufKind.Bool, Count: null } ? header.Span[value.Position] != 0
        : throw Wrong(key, "a bool", value.Described);

    public long? Integer(string key) =>
        Find(key) is not { } value ? null
        : value.Count is null && IntegerAt(value.Kind, value.Position) is { } number ? number
        : throw Wrong(key, "an integer of 64 bits", value.Described);

    /// <summary>A finite float, or an integer as one.</summary>
    public double? Number(string key)
    {
        var number = Find(key) switch
        {
            { Kind: GgufKind.Float32, Count: null } value => BinaryPrimitives.ReadSingleLittleEndian(header.Span[value.Position..]),
            { Kind: GgufKind.Float64, Count: null } value => BinaryPrimitives.ReadDoubleLittleEndian(header.Span[value.Position..]),
            _ => (double?)Integer(key),
        };
        return number is null or (> double.NegativeInfinity and < double.PositiveInfinity)
            ? number
            : throw Wrong(key, "a finite number", FormattableString.Invariant($"{number}"));
    }

    /// <summary>The strings of an array that must be there, one after the other: nothing is taken for those that nobody asks for.</summary>
    /// <param name="key">The key.</param>
    /// <param name="count">How many they are.</param>
    public IEnumerable<string> Texts(string key, out long count)
    {
        var value = Find(key) ?? throw Wrong(key, "an array of strings", "nothing");
        if (value is not { Kind: GgufKind.Text, Count: { } found })
            throw Wrong(key, "an array of strings", value.Described);
        count = found;
        return TextsFrom(key, value.Position, found);
    }

    public IReadOnlyList<long>? Integers(string key)
    {
        if (Find(key) is not { } value)
            return null;
        var numbers = new long[value.Count ?? throw Wrong(key, "an array of integers", value.Described)];
        for (var i = 0; i < numbers.Length; i++)
        {
            numbers[i] = IntegerAt(value.Kind, value.Position + (i * GgufHeader.BytesOf(value.Kind)))
                ?? throw Wrong(key, "an array of integers", value.Described);
        }

        return numbers;
    }

    /// <summary>The mistake that a key says something else.</summary>
    public ModelFormatException Wrong(string key, string expected, string found) => new(file, key, expected, found);

    private IEnumerable<string> TextsFrom(string key, int position, long count)
    {
        for (; count > 0; count--)
            yield return TextAt(key, position, out position);
    }

    private GgufValue? Find(string key) => values.TryGetValue(key, out var value) ? value : null;

    private string TextAt(string key, int position, out int end)
    {
        var length = (int)BinaryPrimitives.ReadUInt64LittleEndian(header.Span[position..]);
        end = position + sizeof(ulong) + length;
        var bytes = header.Span[(position + sizeof(ulong))..end];
        return Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : throw Wrong(key, "text in UTF-8", "bytes that are none");
    }

    private long? IntegerAt(GgufKind kind, int position)
    {
        var bytes = header.Span[position..];
        return kind switch
        {
            GgufKind.UInt8 => bytes[0],
            GgufKind.Int8 => (sbyte)bytes[0],
            GgufKind.UInt16 => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
            GgufKind.Int16 => BinaryPrimitives.ReadInt16LittleEndian(bytes),
            GgufKind.UInt32 => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
            GgufKind.Int32 => BinaryPrimitives.ReadInt32LittleEndian(bytes),
            GgufKind.Int64 => BinaryPrimitives.ReadInt64LittleEndian(bytes),
            GgufKind.UInt64 when BinaryPrimitives.ReadUInt64LittleEndian(bytes) is <= long.MaxValue and var number => (long)number,
            _ => null,
        };
    }
}
