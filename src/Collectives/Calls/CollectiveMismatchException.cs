namespace AkkaCp.Collectives.Calls;

/// <summary>The members of a group did not mean the same by one tag: operation, rows, row length, type or group differ.</summary>
/// <param name="group">Name of the group, with the global ranks of its members.</param>
/// <param name="tag">The collective.</param>
/// <param name="rank">Member whose call does not fit.</param>
/// <param name="expected">What the call should have been.</param>
/// <param name="found">What it was.</param>
public sealed class CollectiveMismatchException(string group, CollectiveTag tag, int rank, string expected, string found)
    : CollectiveException(group, tag, $"member {rank}: expected {expected}, found {found}")
{
    /// <summary>Member whose call does not fit.</summary>
    public int Rank { get; } = rank;

    /// <summary>What the call should have been.</summary>
    public string Expected { get; } = expected;

    /// <summary>What it was.</summary>
    public string Found { get; } = found;
}
