using System.Text.Json;
using AkkaCp.Text.Files;

namespace AkkaCp.Model.Safetensors;

/// <summary>
/// The JSON header of a safetensors file, checked as the reference implementation does (huggingface/safetensors, tensor.rs):
/// nothing in it is believed before sizes, types and offsets agree with each other and with the file's length.
/// </summary>
internal sealed class SafetensorsHeader
{
    public const int MaxBytes = 100_000_000;

    private const string Metadata = "__metadata__";

    private static readonly JsonReaderOptions s_options = new() { MaxDepth = 16 };

    private readonly string _file;
    private readonly Dictionary<string, SafetensorsTensor> _tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _metadata = new(StringComparer.Ordinal);

    private SafetensorsHeader(string file) => _file = file;

    public IReadOnlyDictionary<string, SafetensorsTensor> Tensors => _tensors;

    public IReadOnlyDictionary<string, string> MetadataEntries => _metadata;

    /// <summary>Parses the header's bytes; <paramref name="dataLength"/> is what the file holds behind it.</summary>
    public static SafetensorsHeader Parse(string file, ReadOnlySpan<byte> json, long dataLength)
    {
        var header = new SafetensorsHeader(file);
        if (json.IsEmpty || json[0] != (byte)'{')
            throw header.Error("header", "'{' as its first byte", json.IsEmpty ? "an empty header" : $"byte 0x{json[0]:x2}");

        try
        {
            header.ReadEntries(json);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new ModelFormatException(file, "header", "JSON in UTF-8", error.Message.TrimEnd('.'), error);
        }

        header.CheckContiguous(dataLength);
        return header;
    }

    private void ReadEntries(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, s_options);
        reader.Read();
        var seenMetadata = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            reader.Read();
            if (name == Metadata)
            {
                seenMetadata = seenMetadata ? throw Error(Metadata, "one entry of this name", "two") : true;
                ReadMetadata(ref reader);
            }
            else if (!_tensors.TryAdd(name, ReadTensor(ref reader, name)))
            {
                throw Error(name, "one entry of this name", "two");
            }
        }

        // The header may be padded with spaces; the reader throws at anything else behind the last brace.
        while (reader.Read())
        {
        }
    }

    private void ReadMetadata(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw Error(Metadata, "an object of strings", $"{reader.TokenType}");

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            reader.Read();
            if (reader.TokenType != JsonTokenType.String)
                throw Error(Metadata, $"a string for key \"{key}\"", $"{reader.TokenType}");

            if (!_metadata.TryAdd(key, reader.GetString()!))
                throw Error(Metadata, $"one key \"{key}\"", "two");
        }
    }

    private SafetensorsTensor ReadTensor(ref Utf8JsonReader reader, string name)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw Error(name, "an object with dtype, shape and data_offsets", $"{reader.TokenType}");

        SafetensorsDType? dtype = null;
        long[]? shape = null, offsets = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            reader.Read();
            switch (key)
            {
                case "dtype":
                    RequireFirst(name, key, dtype is null);
                    dtype = ReadDType(ref reader, name);
                    break;
                case "shape":
                    RequireFirst(name, key, shape is null);
                    shape = ReadNumbers(ref reader, name, key);
                    break;
                case "data_offsets":
                    RequireFirst(name, key, offsets is null);
                    offsets = ReadNumbers(ref reader, name, key);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return Checked(name, dtype, shape, offsets);
    }

    private void RequireFirst(string name, string key, bool first)
    {
        if (!first)
            throw Error(name, $"one key {key}", "two");
    }

    private SafetensorsDType ReadDType(ref Utf8JsonReader reader, string name)
    {
        var text = reader.TokenType == JsonTokenType.String ? reader.GetString()! : $"{reader.TokenType}";
        foreach (var dtype in Enum.GetValues<SafetensorsDType>())
        {
            if (dtype.ToString() == text)
                return dtype;
        }

        throw Error(name, $"a dtype of {string.Join(", ", Enum.GetNames<SafetensorsDType>())}", $"\"{text}\"");
    }

    private long[] ReadNumbers(ref Utf8JsonReader reader, string name, string key)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
            throw Error(name, $"an array of whole numbers as {key}", $"{reader.TokenType}");

        var numbers = new List<long>(4);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var number) || number < 0)
                throw Error(name, $"whole numbers from 0 to {long.MaxValue} in {key}", $"{reader.TokenType}");

            numbers.Add(number);
        }

        return [.. numbers];
    }

    private SafetensorsTensor Checked(string name, SafetensorsDType? dtype, long[]? shape, long[]? offsets)
    {
        if (dtype is null || shape is null || offsets is null)
        {
            var missing = dtype is null ? "no dtype" : shape is null ? "no shape" : "no data_offsets";
            throw Error(name, "dtype, shape and data_offsets", missing);
        }

        if (offsets.Length != 2 || offsets[1] < offsets[0])
            throw Error(name, "data_offsets [begin, end] with begin ≤ end", $"[{string.Join(", ", offsets)}]");

        var tensor = new SafetensorsTensor(name, _file, dtype.Value, shape, offsets[0], offsets[1]);
        var bytes = SizeOf(tensor);
        return bytes == offsets[1] - offsets[0]
            ? tensor
            : throw Error(
                name, $"{bytes} bytes for {dtype}{tensor.ShapeText}", $"{offsets[1] - offsets[0]} bytes in data_offsets");
    }

    private long SizeOf(SafetensorsTensor tensor)
    {
        try
        {
            var count = tensor.Shape.Aggregate(1L, (product, dimension) => checked(product * dimension));
            return checked(count * tensor.DType.Bytes());
        }
        catch (OverflowException error)
        {
            throw new ModelFormatException(_file, tensor.Name, "a size below 2^63 bytes", $"shape {tensor.ShapeText}", error);
        }
    }

    private void CheckContiguous(long dataLength)
    {
        long end = 0;
        foreach (var tensor in _tensors.Values.OrderBy(tensor => tensor.Begin).ThenBy(tensor => tensor.End))
        {
            if (tensor.Begin != end)
            {
                throw Error(tensor.Name, $"data from byte {end}, where the tensor before it ends",
                    $"byte {tensor.Begin}, {(tensor.Begin > end ? "a hole" : "an overlap")}");
            }

            end = tensor.End;
        }

        if (end != dataLength)
            throw Error("header", $"{end} bytes of data behind it, as its offsets say", $"{dataLength} bytes");
    }

    private ModelFormatException Error(string tensor, string expected, string found) => new(_file, tensor, expected, found);
}
