using System.Globalization;
using System.Numerics;
using AkkaCp.Model.Gguf.Blocks;
using AkkaCp.Model.Weights.Sources;
using AkkaCp.Text.Files;

namespace AkkaCp.Model.Gguf;

/// <summary>
/// Metadata and tensors of one GGUF file, version 2 or 3. Nothing in it is believed before counts, lengths, types, shapes and offsets
/// agree with each other and with the file's length, and no more is taken for it than the file can hold.
/// </summary>
internal sealed class GgufHeader
{
    private const uint Magic = 0x4655_4747;
    private const string Alignment = "general.alignment";
    private const int LeastBytes = 24;
    private const int DefaultAlignment = 32;
    private const int LongestKey = 65_535;
    private const int LongestName = 63;
    private const int MostDims = 4;

    // Bytes of the smallest records, and numbers far above those of any model.
    private const int KeyBytes = 13;
    private const int TensorBytes = 24;
    private const int MostKeys = 65_536;
    private const int MostTensors = 131_072;

    private readonly GgufCursor _at;
    private readonly Dictionary<string, GgufValue> _values = new(StringComparer.Ordinal);
    private readonly List<GgufTensor> _tensors = [];

    private GgufHeader(StoredFile file)
    {
        _at = new GgufCursor(file);
        if (file.Length < LeastBytes)
            throw _at.Wrong("header", $"at least {LeastBytes} bytes", $"{file.Length} bytes");
        RequireVersion();
        var tensors = _at.Count("tensor_count", MostTensors, TensorBytes);
        var keys = _at.Count("kv_count", MostKeys, KeyBytes);
        for (var i = 0; i < keys; i++)
            ReadKey(i);
        Metadata = new GgufMetadata(file.Path, _at.Bytes, _values);
        var alignment = ReadAlignment();
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < tensors; i++)
            ReadTensor(i, alignment, names);
        var end = (_at.Position + alignment - 1) / alignment * alignment;
        DataStart = tensors == 0 ? _at.Position : end;
        RequireApartAndInside(file.Length - DataStart);
    }

    /// <summary>The keys.</summary>
    public GgufMetadata Metadata { get; }

    /// <summary>The tensors in the file's order.</summary>
    public IReadOnlyList<GgufTensor> Tensors => _tensors;

    /// <summary>Where offsets count from.</summary>
    public long DataStart { get; }

    /// <summary>The header's bytes.</summary>
    public ReadOnlyMemory<byte> Bytes => _at.Bytes;

    /// <exception cref="ModelFormatException">The file breaks the format, or has a tensor of a type that is not read.</exception>
    public static GgufHeader Read(StoredFile file) => new(file);

    /// <summary>Bytes of one value; of a text, of its length.</summary>
    public static int BytesOf(GgufKind kind) => kind switch
    {
        GgufKind.UInt8 or GgufKind.Int8 or GgufKind.Bool => 1,
        GgufKind.UInt16 or GgufKind.Int16 => 2,
        GgufKind.UInt32 or GgufKind.Int32 or GgufKind.Float32 => 4,
        _ => 8,
    };

    private void RequireVersion()
    {
        var magic = _at.UInt32("magic");
        if (magic != Magic)
            throw _at.Wrong("magic", "\"GGUF\"", $"0x{magic:x8}");
        var version = _at.UInt32("version");
        if ((version & 0xFFFF) == 0 && version != 0)
            throw _at.Wrong("version", "2 or 3 in little endian", "a big endian file");
        if (version is not (2 or 3))
            throw _at.Wrong("version", "2 or 3", Invariant($"{version}"));
    }

    private void ReadKey(int number)
    {
        var key = _at.Name(Invariant($"key {number}"), LongestKey);
        var kind = ReadKind(key);
        long? count = null;
        if (kind == GgufKind.Array)
        {
            kind = ReadKind(key);
            if (kind == GgufKind.Array)
                throw _at.Wrong(key, "an array of single values", "an array of arrays");
            count = _at.Count(key, int.MaxValue, BytesOf(kind));
        }

        if (!_values.TryAdd(key, new GgufValue(kind, count, _at.Position)))
            throw _at.Wrong(key, "the key once", "it again");
        SkipValues(key, kind, count ?? 1);
    }

    private GgufKind ReadKind(string key)
    {
        var type = _at.UInt32(key);
        return type <= (uint)GgufKind.Float64 ? (GgufKind)type : throw _at.Wrong(key, "a type from 0 to 12", Invariant($"{type}"));
    }

    private void SkipValues(string key, GgufKind kind, long count)
    {
        if (kind != GgufKind.Text)
        {
            _at.Skip(count * BytesOf(kind), key);
            if (kind == GgufKind.Bool && _at.Bytes.Span[^(int)count..].ContainsAnyExceptInRange((byte)0, (byte)1))
                throw _at.Wrong(key, "bools of 0 or 1", "another byte");
            return;
        }

        for (; count > 0; count--)
            _at.SkipText(key);
    }

    private int ReadAlignment()
    {
        if (!_values.TryGetValue(Alignment, out var value))
            return DefaultAlignment;
        if (value is not { Kind: GgufKind.UInt32, Count: null })
            throw _at.Wrong(Alignment, "a uint32", value.Described);
        var alignment = Metadata.Integer(Alignment)!.Value;
        return alignment is > 0 and < 1L << 31 && BitOperations.IsPow2(alignment)
            ? (int)alignment
            : throw _at.Wrong(Alignment, "a power of two below 2147483648", Invariant($"{alignment}"));
    }

    private void ReadTensor(int number, int alignment, HashSet<string> names)
    {
        var name = _at.Name(Invariant($"tensor {number}"), LongestName);
        if (!names.Add(name))
            throw _at.Wrong(name, "the tensor once", "it again");
        var dims = ReadDims(name);
        var id = _at.UInt32(name);
        var type = BlockTypes.Find((int)id) ?? throw _at.Wrong(name, $"one of the types {BlockTypes.Readable}", BlockTypes.NameOf((int)id));
        var bytes = BytesOf(name, dims, type.Stored);
        var offset = _at.UInt64(name);
        if (offset > long.MaxValue || offset % (uint)alignment != 0)
            throw _at.Wrong(name, $"an offset that is a multiple of {alignment}", Invariant($"{offset}"));
        _tensors.Add(new GgufTensor(name, type, dims, (long)offset, bytes));
    }

    private long[] ReadDims(string name)
    {
        var count = _at.UInt32(name);
        if (count is 0 or > MostDims)
            throw _at.Wrong(name, $"1 to {MostDims} dimensions", Invariant($"{count}"));
        var dims = new long[count];
        for (var i = 0; i < count; i++)
        {
            var dim = _at.UInt64(name);
            if (dim is 0 or > long.MaxValue)
                throw _at.Wrong(name, "dimensions from 1 to 2^63 - 1", Invariant($"{dim}"));
            dims[i] = (long)dim;
        }

        return dims;
    }

    private long BytesOf(string name, long[] dims, WeightType type)
    {
        if (dims[0] % type.BlockElements != 0)
            throw _at.Wrong(name, $"rows of whole blocks of {type.BlockElements} {type.Name}", Invariant($"{dims[0]} elements in a row"));
        var elements = dims.Aggregate(BigInteger.One, (product, dim) => product * dim);
        var bytes = elements / type.BlockElements * type.BlockBytes;
        return elements <= long.MaxValue && bytes <= long.MaxValue
            ? (long)bytes
            : throw _at.Wrong(name, "fewer than 2^63 elements and bytes", $"dimensions {string.Join(" × ", dims)}");
    }

    private void RequireApartAndInside(long dataBytes)
    {
        GgufTensor? before = null;
        foreach (var tensor in _tensors.OrderBy(tensor => tensor.Offset))
        {
            if (tensor.Offset > dataBytes || tensor.Bytes > dataBytes - tensor.Offset)
            {
                throw _at.Wrong(
                    tensor.Name, $"{tensor.Bytes} bytes at {tensor.Offset} of the data", $"{Math.Max(0, dataBytes)} bytes of data");
            }

            if (before is not null && before.Offset + before.Bytes > tensor.Offset)
            {
                throw _at.Wrong(
                    tensor.Name, $"bytes of its own at {tensor.Offset} of the data",
                    $"those of {before.Name}, to {before.Offset + before.Bytes}");
            }

            before = tensor;
        }
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
