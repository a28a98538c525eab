using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace AkkaCp.Model.Gguf.Writing;

/// <summary>Makes the bytes of a GGUF file's metadata, key by key.</summary>
internal sealed class GgufKeyBytes
{
    private readonly ArrayBufferWriter<byte> _bytes = new();

    /// <summary>How many keys there are.</summary>
    public int Count { get; private set; }

    /// <summary>All of them.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes.WrittenSpan;

    public void Add(string key, string value)
    {
        Begin(key, GgufKind.Text);
        Text(_bytes, value);
    }

    public void Add(string key, int value)
    {
        Begin(key, GgufKind.UInt32);
        UInt32(_bytes, checked((uint)value));
    }

    public void Add(string key, float value)
    {
        Begin(key, GgufKind.Float32);
        UInt32(_bytes, BitConverter.SingleToUInt32Bits(value));
    }

    public void Add(string key, bool value)
    {
        Begin(key, GgufKind.Bool);
        _bytes.Write([value ? (byte)1 : (byte)0]);
    }

    public void Add(string key, IReadOnlyCollection<string> values)
    {
        Begin(key, GgufKind.Array);
        UInt32(_bytes, (uint)GgufKind.Text);
        UInt64(_bytes, (ulong)values.Count);
        foreach (var value in values)
            Text(_bytes, value);
    }

    public void Add(string key, IReadOnlyCollection<int> values)
    {
        Begin(key, GgufKind.Array);
        UInt32(_bytes, (uint)GgufKind.Int32);
        UInt64(_bytes, (ulong)values.Count);
        foreach (var value in values)
            UInt32(_bytes, unchecked((uint)value));
    }

    /// <summary>A text with its length before it.</summary>
    public static void Text(IBufferWriter<byte> bytes, string value)
    {
        UInt64(bytes, (ulong)Encoding.UTF8.GetByteCount(value));
        Encoding.UTF8.GetBytes(value, bytes);
    }

    public static void UInt32(IBufferWriter<byte> bytes, uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.GetSpan(sizeof(uint)), value);
        bytes.Advance(sizeof(uint));
    }

    public static void UInt64(IBufferWriter<byte> bytes, ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.GetSpan(sizeof(ulong)), value);
        bytes.Advance(sizeof(ulong));
    }

    private void Begin(string key, GgufKind kind)
    {
        Text(_bytes, key);
        UInt32(_bytes, (uint)kind);
        Count++;
    }
}
