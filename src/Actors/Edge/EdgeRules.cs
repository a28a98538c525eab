using AkkaCp.Settings;

namespace AkkaCp.Actors.Edge;

/// <summary>How patient an edge is, in its own ticks.</summary>
internal sealed record EdgeRules
{
    /// <summary>The length of a tick.</summary>
    public static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    /// <summary>Silent ticks after which the coordinator is looked for anew.</summary>
    public int Relocate { get; init; } = 2;

    /// <summary>
    /// Ticks after which the coordinator is told that the edge is there, also while tokens come, and after which it is asked for anew,
    /// also while it answers: one that is cut off from its ranks would put the edge off for ever.
    /// </summary>
    public int Lease { get; init; } = 10;

    /// <summary>Ticks in which a cancelled request is to be confirmed; then it ends unconfirmed, and its lease runs out.</summary>
    public int Cancel { get; init; } = 10;

    /// <summary>Ticks without a coordinator that has a group of ranks, after which its client is told what is missing.</summary>
    public int Notice { get; init; } = 2;

    /// <summary>Ticks without a coordinator that has a group of ranks, after which the request fails.</summary>
    public int WaitForCluster { get; init; } = 600;

    /// <summary>What those ticks stand for.</summary>
    public TimeSpan Limit { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Who is asked for the coordinator, in words.</summary>
    public Func<string> Asked { get; init; } = () => "this process";

    /// <summary>How often the request is handed in again without a new token in between.</summary>
    public int Submissions { get; init; } = 20;

    /// <summary>As the settings of a cluster have it.</summary>
    /// <param name="cluster">The settings.</param>
    /// <param name="asked">Who is asked for the coordinator, in words.</param>
    public static EdgeRules Of(ClusterSettings cluster, Func<string> asked) => new()
    {
        WaitForCluster = (int)Math.Ceiling(cluster.WaitForNodes / Tick),
        Limit = cluster.WaitForNodes,
        Asked = asked,
    };
}
