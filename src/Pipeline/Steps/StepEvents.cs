using System.Diagnostics.Tracing;

namespace AkkaCp.Pipeline.Steps;

/// <summary>
/// The way of each step as events of the runtime, for whoever listens: <c>dotnet-trace collect --providers AkkaCp-Steps</c>, or an
/// <see cref="EventListener"/> in the process. Without a listener an event is one test of a flag.
/// </summary>
[EventSource(Name = SourceName)]
public sealed class StepEvents : EventSource
{
    /// <summary>The provider's name.</summary>
    public const string SourceName = "AkkaCp-Steps";

    /// <summary>Id of <see cref="Planned"/>.</summary>
    public const int PlannedId = 1;

    /// <summary>Id of <see cref="Begun"/>.</summary>
    public const int BegunId = 2;

    private StepEvents()
    {
    }

    /// <summary>The process's provider; the runtime has one of each name.</summary>
    public static StepEvents Log { get; } = new();

    /// <summary>The coordinator has planned a step, and is about to tell the ranks.</summary>
    [Event(PlannedId, Level = EventLevel.Verbose)]
    public void Planned(long epoch, long step)
    {
        if (IsEnabled())
            WriteEvent(PlannedId, epoch, step);
    }

    /// <summary>A rank is about to run the step's first kernel.</summary>
    [Event(BegunId, Level = EventLevel.Verbose)]
    public void Begun(long epoch, long step, long rank)
    {
        if (IsEnabled())
            WriteEvent(BegunId, epoch, step, rank);
    }
}
