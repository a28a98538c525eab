using AkkaCp.Collectives.Setup;
using AkkaCp.Collectives.Wire;

namespace AkkaCp.Collectives.Links;

/// <summary>The epoch that links belong to: what they ask of it, and what they tell it. Called from the links' threads.</summary>
internal interface ILinkOwner
{
    /// <summary>The epoch's number, which every frame carries.</summary>
    long Epoch { get; }

    DataPlaneOptions Options { get; }

    TransportMeter Meter { get; }

    /// <summary>A link has its connection.</summary>
    void Joined();

    /// <summary>A frame has come. Its payload is in the reader still, and must be read or skipped whole before the call returns.</summary>
    /// <exception cref="ProtocolException">The peer must not send this now.</exception>
    void Receive(Peer peer, in FrameHeader header, FrameReader reader);

    /// <summary>The peer says how many eager frames it has taken so far.</summary>
    /// <exception cref="ProtocolException">It cannot have.</exception>
    void Acknowledge(Peer peer, uint consumed);

    /// <summary>The peer is gone.</summary>
    void Lose(Peer peer, string reason);

    /// <summary>The peer broke the protocol.</summary>
    void Broken(Peer peer, string what);

    /// <summary>The link's thread met with a bug of this process.</summary>
    void Fail(Peer peer, Exception bug);
}
