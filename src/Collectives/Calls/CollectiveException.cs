namespace AkkaCp.Collectives.Calls;

/// <summary>A collective ended without a result, on every member that took part.</summary>
public abstract class CollectiveException : Exception
{
    private protected CollectiveException(string group, CollectiveTag tag, string what)
        : base($"{group}, {tag}: {what}")
    {
        Group = group;
        Tag = tag;
    }

    /// <summary>Name of the group, with the global ranks of its members.</summary>
    public string Group { get; }

    /// <summary>The collective.</summary>
    public CollectiveTag Tag { get; }
}
