namespace AkkaCp.Collectives.Groups;

/// <summary>The ways in which a frame is taken.</summary>
internal enum ArrivalKind
{
    /// <summary>It has no payload.</summary>
    Nothing,

    /// <summary>Its call has failed; the payload is left.</summary>
    Unwanted,

    /// <summary>Its call has not been made here yet; the payload waits in the arena.</summary>
    Early,

    /// <summary>The payload goes into the call's tensor.</summary>
    Wanted,
}
