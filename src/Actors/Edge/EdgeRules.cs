using AkkaCp.Actors.Settings;

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

    /// <summary>Ticks without a word of any coordinator after which the request fails.</summary>
    public int Forlorn { get; init; } = 660;

    /// <summary>How often the request is handed in again without a new token in between.</summary>
    public int Submissions { get; init; } = 20;

    /// <summary>As the settings of a cluster have it: a little more patient than the coordinator, which knows what is missing.</summary>
    public static EdgeRules Of(ClusterSettings cluster) => new()
    {
        Forlorn = (int)Math.Ceiling((cluster.WaitForNodes + TimeSpan.FromMinutes(1)) / Tick),
    };
}
