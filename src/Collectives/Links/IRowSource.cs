using AkkaCp.Collectives.Wire;

namespace AkkaCp.Collectives.Links;

/// <summary>The call whose rows a frame carries.</summary>
internal interface IRowSource
{
    /// <summary>Whether the rows are to be sent still.</summary>
    bool IsWanted { get; }

    /// <summary>A frame's rows have left their tensor, or never will. Called once for each frame.</summary>
    void Sent(Peer peer, in FrameHeader header, bool wasSent);
}
