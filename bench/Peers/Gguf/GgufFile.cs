using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using AkkaCp.Model.Weights.Sources;

namespace AkkaCp.Bench.Peers.Gguf;

/// <summary>Writes GGUF, version 3: header, keys, tensor directory, data aligned to 32 bytes; all little-endian.</summary>
internal static class GgufFile
{
    private const int Alignment = 32;
    private const uint Version = 3;
    private const uint U32 = 4;
    private const uint I32 = 5;
    private const uint F32 = 6;
    private const uint Text = 8;
    private const uint List = 9;
    private const int ChunkRows = 256;

    /// <summary>Writes keys and tensors; the weights pass through a buffer of some rows.</summary>
    /// <param name="path">The new file.</param>
    /// <param name="keys">Values are uint, float or string, or arrays of int or string.</param>
    /// <param name="tensors">In the file's order.</param>
    /// <param name="weights">Where the tensors' sources are.</param>
    public static void Write(
        string path, IReadOnlyList<(string Key, object Value)> keys, IReadOnlyList<GgufTensor> tensors, IWeightSource weights)
    {
        using var file = File.Create(path);
        using var writer = new BinaryWriter(file);
        writer.Write("GGUF"u8);
        writer.Write(Version);
        writer.Write((ulong)tensors.Count);
        writer.Write((ulong)keys.Count);
        foreach (var (key, value) in keys)
            WriteKey(writer, key, value);
        WriteDirectory(writer, tensors);
        Pad(writer);
        foreach (var tensor in tensors)
        {
            foreach (var source in tensor.Sources)
                WriteRows(writer, tensor.Type, weights, source);
            Pad(writer);
        }
    }

    private static void WriteKey(BinaryWriter writer, string key, object value)
    {
        WriteText(writer, key);
        switch (value)
        {
            case uint number:
                writer.Write(U32);
                writer.Write(number);
                break;
            case float number:
                writer.Write(F32);
                writer.Write(number);
                break;
            case string text:
                writer.Write(Text);
                WriteText(writer, text);
                break;
            case int[] numbers:
                WriteArray(writer, I32, numbers.Length);
                Array.ForEach(numbers, writer.Write);
                break;
            case string[] texts:
                WriteArray(writer, Text, texts.Length);
                Array.ForEach(texts, text => WriteText(writer, text));
                break;
            default:
                throw new ArgumentException($"{key}: expected uint, float, string or an array, found {value.GetType()}", nameof(value));
        }
    }

    private static void WriteArray(BinaryWriter writer, uint type, int count)
    {
        writer.Write(List);
        writer.Write(type);
        writer.Write((ulong)count);
    }

    private static void WriteDirectory(BinaryWriter writer, IReadOnlyList<GgufTensor> tensors)
    {
        var offset = 0L;
        foreach (var tensor in tensors)
        {
            WriteText(writer, tensor.Name);
            writer.Write((uint)tensor.Shape.Length);
            foreach (var dimension in tensor.Shape.Reverse())
                writer.Write((ulong)dimension);
            writer.Write((uint)tensor.Type);
            writer.Write((ulong)offset);
            offset += (tensor.Bytes + Alignment - 1) / Alignment * Alignment;
        }
    }

    private static void WriteRows(BinaryWriter writer, GgufType type, IWeightSource weights, string source)
    {
        var tensor = weights.Find(source) ?? throw new InvalidDataException($"{weights.Path}: expected a tensor {source}, found none");
        var (rows, columns) = ((int)tensor.Rows, (int)tensor.Columns);
        var values = new float[Math.Min(rows, ChunkRows) * columns];
        var bytes = new byte[values.Length * sizeof(float)];
        for (var row = 0; row < rows; row += ChunkRows)
        {
            var count = Math.Min(ChunkRows, rows - row);
            weights.ReadRows(source, row, count, 0, columns, values.AsSpan(0, count * columns));
            writer.Write(bytes.AsSpan(0, Encode(type, values.AsSpan(0, count * columns), bytes)));
        }
    }

    private static int Encode(GgufType type, ReadOnlySpan<float> values, Span<byte> bytes)
    {
        switch (type)
        {
            case GgufType.F32:
                MemoryMarshal.AsBytes(values).CopyTo(bytes);
                return 4 * values.Length;
            case GgufType.BF16:
                for (var i = 0; i < values.Length; i++)
                    BinaryPrimitives.WriteUInt16LittleEndian(bytes[(2 * i)..], RoundToBF16(values[i]));
                return 2 * values.Length;
            default:
                Q8Blocks.Write(values, bytes);
                return values.Length / Q8Blocks.Length * Q8Blocks.Bytes;
        }
    }

    /// <summary>To nearest, ties to even.</summary>
    private static ushort RoundToBF16(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    private static void WriteText(BinaryWriter writer, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    private static void Pad(BinaryWriter writer)
    {
        writer.Flush();
        writer.Write(new byte[(int)(-writer.BaseStream.Position & (Alignment - 1))]);
    }
}
