using AkkaCp.Settings;

namespace AkkaCp.Actors.Coordinator;

/// <summary>
/// How patient a coordinator is. Times are counted in its own seconds, ticks of a timer: a coordinator that was paused itself has
/// counted nothing meanwhile, and blames nobody for its own silence.
/// </summary>
internal sealed record CoordinatorRules
{
    /// <summary>How long a step may be without progress; null for ever.</summary>
    public TimeSpan? StepTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Seconds of silence after which a node is gone.</summary>
    public int NodeSilence { get; init; } = 15;

    /// <summary>Seconds of silence after which a node that was asked to close is gone; others wait for it.</summary>
    public int CloseSilence { get; init; } = 4;

    /// <summary>Seconds that the opening of an epoch may take.</summary>
    public int OpenTime { get; init; } = 30;

    /// <summary>
    /// Seconds in which a new coordinator only listens, so that nodes get back the ranks that they had under the one before, and
    /// nodes that start together get theirs in order of their names. 0 where there is one node.
    /// </summary>
    public int Settling { get; init; }

    /// <summary>Seconds without a word of its edge after which a request is cancelled.</summary>
    public int Lease { get; init; } = 60;

    /// <summary>Seconds after which what a rank has not answered is said again.</summary>
    public int Resend { get; init; } = 2;

    /// <summary>As the settings have it.</summary>
    public static CoordinatorRules Of(EngineSettings settings) => new()
    {
        StepTimeout = settings.Scheduler.StepTimeout,
        NodeSilence = Seconds(settings.Cluster.NodeTimeout),
    };

    /// <summary>Ticks that a time lasts, at least one.</summary>
    public static int Seconds(TimeSpan time) => Math.Max(1, (int)Math.Ceiling(time.TotalSeconds));
}
