namespace AkkaCp.Collectives.Calls;

/// <summary>A member left the step, or cancelled its call.</summary>
/// <param name="group">Name of the group, with the global ranks of its members.</param>
/// <param name="tag">The collective.</param>
/// <param name="rank">Member that left.</param>
/// <param name="reason">Why, in its own words.</param>
public sealed class CollectiveAbortedException(string group, CollectiveTag tag, int rank, string reason)
    : CollectiveException(group, tag, $"member {rank} left: {reason}")
{
    /// <summary>Member that left.</summary>
    public int Rank { get; } = rank;

    /// <summary>Why, in its own words.</summary>
    public string Reason { get; } = reason;
}
