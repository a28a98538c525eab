namespace AkkaCp.Collectives.Connecting;

/// <summary>How a hello is taken, as numbered on the wire.</summary>
internal enum HelloVerdict : byte
{
    /// <summary>The connection stands.</summary>
    Welcome = 1,

    /// <summary>The epoch is not known here yet; the dialling process tries again.</summary>
    NotYet = 2,

    /// <summary>It will not be, however often it is tried.</summary>
    Refused = 3,
}
