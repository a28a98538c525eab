using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Pipeline;

/// <summary>One rank's way from a plan to its result. Actors see a rank through this; tests put a fake in its place.</summary>
public interface IRankPipeline : IAsyncDisposable
{
    /// <summary>Ends when all blocks have ended; faulted when the graph broke (a bug), after which no result comes.</summary>
    Task Completion { get; }

    /// <summary>Stages that have ended, of all steps; grows while the rank gets on, however slowly. Any thread may read it.</summary>
    long StagesDone { get; }

    /// <summary>Waits for room and hands the plan in. Every plan taken yields exactly one <see cref="StepResult"/>.</summary>
    /// <returns>False when the pipeline no longer takes plans.</returns>
    Task<bool> SendAsync(StepPlan plan, CancellationToken cancellationToken);

    /// <summary>Takes no more plans, waits for those inside up to the timeout, then cancels the rest (results: Stopped).</summary>
    Task DrainAsync(TimeSpan timeout);
}
