namespace AkkaCp.Collectives.Groups;

/// <summary>Rows that this process sums.</summary>
internal struct SumPart
{
    /// <summary>Member that the rows are summed for, which then passes them on; -1 when each process sums them for itself.</summary>
    public int Owner;

    public int FirstRow;

    public int Rows;

    /// <summary>First row of the other processes' members in the scratch, which lie there member by member.</summary>
    public int ScratchRow;

    /// <summary>Members of other processes whose rows are not here yet.</summary>
    public int Missing;

    /// <summary>It is being summed, or has been.</summary>
    public bool IsTaken;
}
