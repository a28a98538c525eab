namespace AkkaCp.Collectives.Calls;

/// <summary>Members of a group did not come to a collective: the group's timeout passed, or their process is gone.</summary>
/// <param name="group">Name of the group, with the global ranks of its members.</param>
/// <param name="tag">The collective.</param>
/// <param name="missing">Members that did not come.</param>
/// <param name="waited">Time since the first member came.</param>
/// <param name="reason">What was seen of them; null when they just did not come in time.</param>
public sealed class PeerLostException(
    string group, CollectiveTag tag, IReadOnlyList<int> missing, TimeSpan waited, string? reason = null)
    : CollectiveException(group, tag, Describe(missing, waited, reason))
{
    /// <summary>Members that did not come.</summary>
    public IReadOnlyList<int> Missing { get; } = missing;

    /// <summary>Time since the first member came.</summary>
    public TimeSpan Waited { get; } = waited;

    private static string Describe(IReadOnlyList<int> missing, TimeSpan waited, string? reason)
    {
        var members = $"member {string.Join(", ", missing)}";
        return reason is null ? $"{members} did not come within {waited.TotalSeconds:0.###} s" : $"{members} is lost: {reason}";
    }
}
