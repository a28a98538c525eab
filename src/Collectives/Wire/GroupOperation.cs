namespace AkkaCp.Collectives.Wire;

/// <summary>The operations of a group, as numbered on the wire.</summary>
internal enum GroupOperation : byte
{
    /// <summary>The members' rows, one after another.</summary>
    AllGather,

    /// <summary>The sum, on every member.</summary>
    AllReduce,

    /// <summary>One member's rows, on another.</summary>
    Transfer,
}
