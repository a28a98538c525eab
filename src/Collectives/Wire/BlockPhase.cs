namespace AkkaCp.Collectives.Wire;

/// <summary>Where in a call a block travels.</summary>
internal enum BlockPhase : byte
{
    /// <summary>A member's own rows.</summary>
    Exchange,

    /// <summary>Rows of the finished sum, from the member that added them.</summary>
    Sum,
}
