using System.Collections.Immutable;
using System.Text;
using Akka.Actor;
using Akka.Serialization;

namespace AkkaCp.Actors.Wire;

/// <summary>
/// Writes the parts that messages are made of, little-endian. Whole numbers are variable-length (7 bits a byte), negative ones
/// zigzag-coded; sequences carry their count.
/// </summary>
internal sealed class WireWriter : IDisposable
{
    private readonly MemoryStream _stream = new();
    private readonly BinaryWriter _writer;

    public WireWriter() => _writer = new BinaryWriter(_stream, Encoding.UTF8);

    public byte[] ToArray()
    {
        _writer.Flush();
        return _stream.ToArray();
    }

    public void Long(long value) => _writer.Write7BitEncodedInt64((value << 1) ^ (value >> 63));

    public void Int(int value) => Long(value);

    public void Bool(bool value) => _writer.Write(value);

    public void Float(float value) => _writer.Write(value);

    public void Double(double value) => _writer.Write(value);

    public void Bytes(ReadOnlySpan<byte> values)
    {
        Int(values.Length);
        _writer.Write(values);
    }

    /// <summary>Little-endian, as every machine is that this runs on.</summary>
    public void Floats(ReadOnlySpan<float> values)
    {
        Int(values.Length);
        _writer.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes(values));
    }

    /// <summary>An actor's full path, with this system's address where the message goes over the network.</summary>
    public void Ref(IActorRef? actor) => Text(actor is null ? "" : Serialization.SerializedActorPath(actor));

    public void Text(string value) => _writer.Write(value);

    public void Id(Guid value) => _writer.Write(value.ToByteArray());

    public void Hash(UInt128 value)
    {
        Span<byte> bytes = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128LittleEndian(bytes, value);
        _writer.Write(bytes);
    }

    public void Duration(TimeSpan value) => Long(value.Ticks);

    public void Word<T>(T value)
        where T : struct, Enum => _writer.Write(Convert.ToByte(value, System.Globalization.CultureInfo.InvariantCulture));

    public void Ints(ImmutableArray<int> values) => Sequence(values.IsDefault ? [] : values, Int);

    public void Sequence<T>(IReadOnlyCollection<T> items, Action<T> write)
    {
        Int(items.Count);
        foreach (var item in items)
            write(item);
    }

    public void Optional<T>(T? value, Action<T> write)
        where T : class
    {
        Bool(value is not null);
        if (value is not null)
            write(value);
    }

    public void Dispose() => _writer.Dispose();
}
