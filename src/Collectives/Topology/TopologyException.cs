namespace AkkaCp.Collectives.Topology;

/// <summary>A parallel layout that cannot be.</summary>
/// <param name="problems">All reasons.</param>
public sealed class TopologyException(IReadOnlyList<string> problems) : Exception($"Parallel layout: {string.Join("; ", problems)}")
{
    /// <summary>All reasons, each naming the sizes concerned.</summary>
    public IReadOnlyList<string> Problems { get; } = problems;
}
