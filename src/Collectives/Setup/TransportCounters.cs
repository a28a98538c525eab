namespace AkkaCp.Collectives.Setup;

/// <summary>What a process's data plane has done since it was opened.</summary>
/// <param name="BytesSent">Payload bytes to peers.</param>
/// <param name="BytesReceived">Payload bytes from peers.</param>
/// <param name="FramesSent">Frames to peers, those without payload included.</param>
/// <param name="FramesReceived">Frames from peers, those without payload included.</param>
/// <param name="Refused">Connections refused in their handshake, or never identified.</param>
/// <param name="Broken">Connections closed because their peer broke the protocol after the handshake.</param>
public readonly record struct TransportCounters(
    long BytesSent, long BytesReceived, long FramesSent, long FramesReceived, long Refused, long Broken);
