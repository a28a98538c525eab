namespace AkkaCp.Pipeline.Groups;

/// <summary>Members of a group did not come to a collective within the group's timeout.</summary>
/// <param name="group">Name of the group, with the global ranks of its members.</param>
/// <param name="tag">The collective.</param>
/// <param name="missing">Members that did not come.</param>
/// <param name="waited">Time since the first member came.</param>
public sealed class PeerLostException(string group, CollectiveTag tag, IReadOnlyList<int> missing, TimeSpan waited)
    : CollectiveException(group, tag, $"member {string.Join(", ", missing)} did not come within {waited.TotalSeconds:0.###} s")
{
    /// <summary>Members that did not come.</summary>
    public IReadOnlyList<int> Missing { get; } = missing;

    /// <summary>Time since the first member came.</summary>
    public TimeSpan Waited { get; } = waited;
}
