namespace AkkaCp.Collectives.Wire;

/// <summary>What a frame says.</summary>
internal enum FrameKind : byte
{
    /// <summary>The sender's ranks have made the call; it is ready to receive every block of it. No payload.</summary>
    Post = 1,

    /// <summary>A block of rows. Says what <see cref="Post"/> says, too.</summary>
    Data = 2,

    /// <summary>The call ended without a result at the sender; the payload says why.</summary>
    Fault = 3,

    /// <summary>A rank of the sender left the step; the payload is its reason.</summary>
    Abort = 4,

    /// <summary>Nothing but the count of eager frames consumed, which every frame carries.</summary>
    Credit = 5,

    /// <summary>The sender lives.</summary>
    Heartbeat = 6,

    /// <summary>The sender closes the epoch; the connection ends here.</summary>
    Goodbye = 7,
}
