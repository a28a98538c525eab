using AkkaCp.Actors.Protocol;
using AkkaCp.Pipeline.Partition;
using AkkaCp.Scheduling;
using AkkaCp.Settings;

namespace AkkaCp.Actors.Coordinator;

/// <summary>What settings and facts say to the scheduler and to the coordinator around it.</summary>
internal static class CoordinatorSetup
{
    /// <summary>The context of a coordinator.</summary>
    /// <exception cref="ArgumentException">One is out of its range.</exception>
    public static CoordinatorContext Context(
        EngineSettings settings, GroupFacts facts, int worldSize, int cpSize, int vocabSize, int contextLength, int settling = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(worldSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(cpSize, 1);
        ArgumentOutOfRangeException.ThrowIfNotEqual(worldSize % cpSize, 0, nameof(worldSize));
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(contextLength, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(facts.KvBlocks, 2, nameof(facts));
        var limits = new SchedulerLimits(
            worldSize, cpSize, vocabSize, contextLength, facts.KvBlocks, settings.KvCache.BlockSizeTokens, Steps(settings.Scheduler),
            Policy(settings.ContextParallel))
        {
            LostEpochs = settings.Cluster.LostEpochs,
            WaitForGroup = CoordinatorRules.Seconds(settings.Cluster.WaitForNodes),
        };
        return new CoordinatorContext(limits, facts, CoordinatorRules.Of(settings) with { Settling = settling });
    }

    private static CpPolicySettings Policy(ContextParallelSettings cp) =>
        new() { MinTokens = cp.MinTokens, ReplicateTokens = cp.ReplicateTokens };

    private static StepLimits Steps(SchedulerSettings scheduler) => new()
    {
        ChunkTokens = scheduler.ChunkTokens,
        MaxStepTokens = scheduler.MaxStepTokens,
        MaxRunning = scheduler.MaxRunning,
        QueueLimit = scheduler.QueueLimit,
        StepsInFlight = scheduler.StepsInFlight,
    };
}
