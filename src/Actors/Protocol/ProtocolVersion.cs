namespace AkkaCp.Actors.Protocol;

/// <summary>The version of what processes say to each other.</summary>
public static class ProtocolVersion
{
    /// <summary>
    /// Version of control and data protocol together: raised when a node or client of before could not work with one of now, also where
    /// only the meaning of a message has changed.
    /// </summary>
    public const int Current = 4;
}
