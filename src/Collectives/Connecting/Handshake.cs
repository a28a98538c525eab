using System.Buffers.Binary;
using System.Text;
using AkkaCp.Collectives.Wire;

namespace AkkaCp.Collectives.Connecting;

/// <summary>
/// Hello and answer on a new connection. Both begin with magic, version and length, in all versions of the protocol, so that another
/// version can be told from another program and be answered.
/// </summary>
internal static class Handshake
{
    private const int PrefixBytes = 8;
    private const int MaxBytes = 4096;

    /// <summary>The dialling side.</summary>
    /// <exception cref="IOException">The other side closed, was silent, or is not a data port.</exception>
    public static HelloAnswer Ask(Connection connection, Hello hello)
    {
        Write(connection, hello.Encode());
        var answer = Read(connection, out var version);
        if (version != FrameHeader.Version)
            return HelloAnswer.Refused(OtherVersion(version));

        return answer.Length > 0 && (HelloVerdict)answer[0] is >= HelloVerdict.Welcome and <= HelloVerdict.Refused
            ? new HelloAnswer((HelloVerdict)answer[0], Encoding.UTF8.GetString(answer.AsSpan(1)))
            : throw new ProtocolException("an answer that cannot be read");
    }

    /// <summary>The accepting side's first half; null when the other side speaks another version, and was told so.</summary>
    /// <exception cref="IOException">The other side closed, was silent, or is another program.</exception>
    public static Hello? Hear(Connection connection, out string? problem)
    {
        var bytes = Read(connection, out var version);
        problem = version == FrameHeader.Version ? null : OtherVersion(version);
        return problem is null ? Hello.Decode(bytes) : null;
    }

    /// <summary>The accepting side's second half.</summary>
    public static void Answer(Connection connection, HelloAnswer answer)
    {
        var reason = Encoding.UTF8.GetBytes(answer.Reason);
        Write(connection, [(byte)answer.Verdict, .. reason.AsSpan(0, Math.Min(reason.Length, FrameHeader.MaxTextBytes))]);
    }

    private static string OtherVersion(int version) => $"protocol version: expected {FrameHeader.Version}, found {version}";

    private static void Write(Connection connection, ReadOnlySpan<byte> body)
    {
        var message = new byte[PrefixBytes + body.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(message, FrameHeader.Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(4), FrameHeader.Version);
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(6), (ushort)body.Length);
        body.CopyTo(message.AsSpan(PrefixBytes));
        connection.Send(message);
    }

    private static byte[] Read(Connection connection, out int version)
    {
        Span<byte> prefix = stackalloc byte[PrefixBytes];
        connection.ReceiveAll(prefix);
        if (BinaryPrimitives.ReadUInt32LittleEndian(prefix) != FrameHeader.Magic)
            throw new ProtocolException($"not this protocol; it began with {Convert.ToHexString(prefix)}");

        version = BinaryPrimitives.ReadUInt16LittleEndian(prefix[4..]);
        var length = BinaryPrimitives.ReadUInt16LittleEndian(prefix[6..]);
        if (length > MaxBytes)
            throw new ProtocolException($"a greeting of {length} bytes, where {MaxBytes} are the most");

        var body = new byte[length];
        connection.ReceiveAll(body);
        return body;
    }
}
