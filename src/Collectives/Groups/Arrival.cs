using AkkaCp.Npu;

namespace AkkaCp.Collectives.Groups;

/// <summary>What is to become of a frame's payload.</summary>
internal readonly struct Arrival
{
    public required ArrivalKind Kind { get; init; }

    public Collective? Collective { get; init; }

    /// <summary>Place among the collective's blocks, or in the peer's arena.</summary>
    public int Place { get; init; }

    /// <summary>Where a wanted payload goes.</summary>
    public TensorView Rows { get; init; }
}

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
