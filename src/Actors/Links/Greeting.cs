using Akka.Actor;
using Google.Protobuf;

namespace AkkaCp.Actors.Links;

/// <summary>
/// What a process calls itself in the first frame of a connection, each way: its actor system, which is its cluster's name, and its
/// address. Akka reads the same frame and takes it as it stands, so that processes of two clusters would talk past each other for ever.
/// </summary>
/// <param name="System">Name of the cluster.</param>
/// <param name="Host">Host by which it wants to be reached.</param>
/// <param name="Port">Port by which it wants to be reached.</param>
internal sealed record Greeting(string System, string Host, int Port)
{
    // Fields of Akka's AkkaProtocolMessage { instruction = 2 { handshakeInfo = 2 { origin = 1 { system = 1, host = 2, port = 3 } } } }.
    private const int Instruction = 2;
    private const int HandshakeInfo = 2;
    private const int Origin = 1;
    private const int SystemName = 1;
    private const int HostName = 2;
    private const int PortNumber = 3;

    /// <summary>Its address, <c>host:port</c>.</summary>
    public string Address => FormattableString.Invariant($"{Host}:{Port}");

    /// <summary>Reads a frame; null when it is no greeting.</summary>
    public static Greeting? TryRead(ByteString frame)
    {
        try
        {
            return Field(frame, Instruction) is { } instruction && Field(instruction, HandshakeInfo) is { } info
                && Field(info, Origin) is { } origin
                ? new Greeting(Text(origin, SystemName), Text(origin, HostName), Number(origin, PortNumber))
                : null;
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    /// <summary>Why the process cannot be the one that was dialled; null when it can.</summary>
    /// <param name="dialled">Where it was dialled.</param>
    public string? DifferenceTo(Address dialled)
    {
        if (System != dialled.System)
            return $"it is of cluster {System}, not {dialled.System} (akka-cp.cluster.name)";
        return Host == dialled.Host && Port == dialled.Port ? null : $"it calls itself {Address}; only that name reaches it";
    }

    private static string Text(ByteString message, int field) => Field(message, field)?.ToStringUtf8() ?? "";

    private static ByteString? Field(ByteString message, int field)
    {
        var input = message.CreateCodedInput();
        for (var tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            if (WireFormat.GetTagFieldNumber(tag) == field && WireFormat.GetTagWireType(tag) == WireFormat.WireType.LengthDelimited)
                return input.ReadBytes();
            input.SkipLastField();
        }

        return null;
    }

    private static int Number(ByteString message, int field)
    {
        var input = message.CreateCodedInput();
        for (var tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            if (WireFormat.GetTagFieldNumber(tag) == field && WireFormat.GetTagWireType(tag) == WireFormat.WireType.Varint)
                return input.ReadInt32();
            input.SkipLastField();
        }

        return 0;
    }
}
