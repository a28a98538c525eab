using AkkaCp.Actors.Protocol;
using AkkaCp.Pipeline;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Actors.Nodes;

/// <summary>What a <see cref="RankLogic"/> has done; how it went, the rank is told later.</summary>
internal interface IRankWork
{
    /// <summary>Begins to build the pipeline of an epoch: <see cref="RankLogic.Built"/> or <see cref="RankLogic.BuildFailed"/>.</summary>
    void Build(EpochTable table);

    /// <summary>The pipeline that is being built is not wanted any more.</summary>
    void CancelBuild();

    /// <summary>The pipeline serves: results are told, and its end.</summary>
    void Use(IRankPipeline pipeline, long epoch);

    /// <summary>Hands a plan in: <see cref="RankLogic.PlanTaken"/>.</summary>
    void Send(StepPlan plan);

    /// <summary>Disposes the pipeline: <see cref="RankLogic.Disposed"/>.</summary>
    /// <param name="epoch">The epoch that this makes room for.</param>
    /// <param name="timeout">How long to wait for it.</param>
    void Dispose(long epoch, TimeSpan timeout);

    /// <summary>No pipeline is left.</summary>
    void Forget();
}
