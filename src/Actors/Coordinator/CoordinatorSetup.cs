using AkkaCp.Actors.Nodes;
using AkkaCp.Pipeline.Partition;
using AkkaCp.Scheduling;
using AkkaCp.Settings;

namespace AkkaCp.Actors.Coordinator;

/// <summary>What settings and facts say to the scheduler and to the coordinator around it.</summary>
internal static class CoordinatorSetup
{
    /// <summary>The context of a coordinator.</summary>
    /// <exception cref="ArgumentException">One is out of its range.</exception>
    public static CoordinatorContext Context(EngineSettings settings, NodeOptions options, int settling = 0)
    {
        var facts = options.Host.Facts;
        ArgumentOutOfRangeException.ThrowIfLessThan(options.WorldSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.CpSize, 1);
        ArgumentOutOfRangeException.ThrowIfNotEqual(options.WorldSize % options.CpSize, 0);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.VocabSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.ContextLength, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(facts.KvBlocks, 2);
        var limits = new SchedulerLimits(
            options.WorldSize, options.CpSize, options.VocabSize, options.ContextLength, facts.KvBlocks,
            settings.KvCache.BlockSizeTokens, Steps(settings.Scheduler), Policy(settings.ContextParallel))
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
