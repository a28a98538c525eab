using AkkaCp.Collectives;
using AkkaCp.Collectives.Setup;
using AkkaCp.Pipeline;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Engine.Ranks;

/// <summary>A rank's pipeline that ends with its epoch's connections: a peer that is lost is noticed while nothing runs, too.</summary>
internal sealed class MeshedPipeline(IRankPipeline pipeline, IRankMesh mesh) : IRankPipeline
{
    /// <inheritdoc/>
    public Task Completion { get; } = WatchAsync(pipeline.Completion, mesh.Lost);

    /// <inheritdoc/>
    public long StagesDone => pipeline.StagesDone;

    /// <inheritdoc/>
    public Task<bool> SendAsync(StepPlan plan, CancellationToken cancellationToken) => pipeline.SendAsync(plan, cancellationToken);

    /// <inheritdoc/>
    public Task DrainAsync(TimeSpan timeout) => pipeline.DrainAsync(timeout);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => pipeline.DisposeAsync();

    private static async Task WatchAsync(Task completion, Task<PeerLoss> lost)
    {
        // A mesh that is closed here cancels the task: then the pipeline's own end is awaited.
        if (await Task.WhenAny(completion, lost).ConfigureAwait(false) == lost && lost.IsCompletedSuccessfully)
            throw new PeerLostInEpochException(await lost.ConfigureAwait(false));
        await completion.ConfigureAwait(false);
    }
}

/// <summary>A peer of the epoch is gone.</summary>
internal sealed class PeerLostInEpochException(PeerLoss loss) : Exception($"lost {loss}");
