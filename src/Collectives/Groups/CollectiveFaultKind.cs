namespace AkkaCp.Collectives.Groups;

/// <summary>The ways in which a call ends without a result, as numbered on the wire.</summary>
internal enum CollectiveFaultKind
{
    /// <summary>Members did not mean the same.</summary>
    Mismatch,

    /// <summary>A member left the step, or cancelled its call.</summary>
    Aborted,

    /// <summary>A member's process is gone.</summary>
    Lost,
}
