using System.Collections.Immutable;
using System.Runtime.Serialization;
using System.Text;
using Akka.Actor;

namespace AkkaCp.Actors.Wire;

/// <summary>
/// Reads what <see cref="WireWriter"/> wrote. Trusts nothing: counts are checked against the bytes that are left before anything is
/// allocated, and whatever is wrong becomes a <see cref="SerializationException"/>.
/// </summary>
internal sealed class WireReader(byte[] bytes, ExtendedActorSystem system)
{
    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private int _at;

    public long Long()
    {
        ulong coded = 0;
        for (var shift = 0; shift < 70; shift += 7)
        {
            var part = Byte();
            if (shift == 63 && part > 1)
                break;
            coded |= (ulong)(part & 0x7f) << shift;
            if (part < 0x80)
                return (long)(coded >> 1) ^ -(long)(coded & 1);
        }

        throw Wrong("a number of at most 10 bytes");
    }

    public int Int() => Long() is >= int.MinValue and <= int.MaxValue and var value ? (int)value : throw Wrong("a 32-bit number");

    public bool Bool() => Byte() switch
    {
        0 => false,
        1 => true,
        _ => throw Wrong("0 or 1"),
    };

    public float Float() => BitConverter.ToSingle(Take(sizeof(float)));

    public ulong ULong() => (ulong)Long();

    public string Text()
    {
        try
        {
            return s_utf8.GetString(Take(TextLength()));
        }
        catch (DecoderFallbackException)
        {
            throw Wrong("UTF-8");
        }
    }

    public Guid Id() => new(Take(16));

    public UInt128 Hash() => System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(Take(16));

    public double Double() => BitConverter.ToDouble(Take(sizeof(double)));

    public ImmutableArray<byte> Bytes() => ImmutableArray.Create(Take(Count()));

    public ImmutableArray<float> Floats() =>
        ImmutableArray.Create(System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(Take(Count(sizeof(float)) * sizeof(float))));

    /// <summary>An actor, here or elsewhere; null for none.</summary>
    public IActorRef? Ref()
    {
        var path = Text();
        if (path.Length == 0)
            return null;
        return ActorPath.TryParse(path, out _) ? system.Provider.ResolveActorRef(path) : throw Wrong("an actor's path");
    }

    public TimeSpan Duration() => TimeSpan.FromTicks(Long());

    public T Word<T>()
        where T : struct, Enum
    {
        var value = (T)Enum.ToObject(typeof(T), Byte());
        return Enum.IsDefined(value) ? value : throw Wrong($"a {typeof(T).Name}");
    }

    public ImmutableArray<int> Ints() => Sequence(1, Int);

    /// <param name="leastBytes">Bytes that an item has at least: bounds the count.</param>
    /// <param name="read">Reads an item.</param>
    public ImmutableArray<T> Sequence<T>(int leastBytes, Func<T> read)
    {
        var count = Int();
        if (count < 0 || (long)count * leastBytes > bytes.Length - _at)
            throw Wrong($"a count of items that the {bytes.Length - _at} bytes behind it can hold, not {count}");
        var items = ImmutableArray.CreateBuilder<T>(count);
        for (var i = 0; i < count; i++)
            items.Add(read());
        return items.MoveToImmutable();
    }

    public T? Optional<T>(Func<T> read)
        where T : class => Bool() ? read() : null;

    /// <summary>Nothing may follow the last part.</summary>
    public void End()
    {
        if (_at != bytes.Length)
            throw Wrong("the end of the message");
    }

    private int Count(int itemBytes = 1)
    {
        var count = Int();
        return count >= 0 && (long)count * itemBytes <= bytes.Length - _at
            ? count
            : throw Wrong($"a count of items that the {bytes.Length - _at} bytes behind it can hold, not {count}");
    }

    private int TextLength()
    {
        uint length = 0;
        for (var shift = 0; shift < 35; shift += 7)
        {
            var part = Byte();
            length |= (uint)(part & 0x7f) << shift;
            if (part < 0x80)
                return length <= int.MaxValue ? (int)length : throw Wrong("a text's length");
        }

        throw Wrong("a text's length of at most 5 bytes");
    }

    private byte Byte() => Take(1)[0];

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > bytes.Length - _at)
            throw Wrong($"{count} more bytes");
        var taken = bytes.AsSpan(_at, count);
        _at += count;
        return taken;
    }

    private SerializationException Wrong(string expected) =>
        new($"{nameof(WireSerializer)}: expected {expected} at byte {_at} of {bytes.Length}");
}
