using AkkaCp.Actors.Nodes;
using AkkaCp.Pipeline.Kv;
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
        ArgumentOutOfRangeException.ThrowIfLessThan(options.AttentionBalance, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Host.Offer.KvBlocks, 2);
        var limits = new SchedulerLimits(
            options.WorldSize, options.CpSize, options.VocabSize, options.ContextLength, BlocksBefore(settings, options),
            settings.KvCache.BlockSizeTokens, Steps(settings.Scheduler), Policy(settings.ContextParallel))
        {
            LostEpochs = settings.Cluster.LostEpochs,
            WaitForGroup = CoordinatorRules.Seconds(settings.Cluster.WaitForNodes),
            AttentionBalance = options.AttentionBalance,
            PrefixCache = settings.KvCache.PrefixCache,
            BlockContent = BlockContent(settings, options),
        };
        return new CoordinatorContext(limits, facts, CoordinatorRules.Of(settings) with { Settling = settling });
    }

    /// <summary>Blocks that requests are judged by before there is a group: any prompt of the model may fit pools that nobody has told of
    /// yet, and one that was handed in by a coordinator of before did.</summary>
    private static int BlocksBefore(EngineSettings settings, NodeOptions options) => options.Host.Facts.KvBlocks is > 0 and var all
        ? all
        : BlockTable.BlocksFor(options.ContextLength, settings.KvCache.BlockSizeTokens) + 1;

    /// <summary>What keys and values depend on beside tokens and salt: weights, types, kernels, and how heads and experts are divided. How
    /// many ranks share a prompt's rows changes no bit, nor do chunks and threads.</summary>
    private static string BlockContent(EngineSettings settings, NodeOptions options)
    {
        var facts = options.Host.Facts;
        var (experts, ep) = (settings.Parallel.EffectiveMoeDp, settings.Parallel.Ep);
        return $"{facts.Model.Hash} | {facts.Tensors} | {facts.DType} | {facts.Kernels} | attn-tp {options.WorldSize / options.CpSize}, "
            + $"moe-tp {Math.Max(1, options.WorldSize / experts / ep)}, ep {ep} | {facts.KvBlockTokens}";
    }

    private static CpPolicySettings Policy(ContextParallelSettings cp) =>
        new() { MinTokens = cp.MinTokens, ReplicateTokens = cp.ReplicateTokens };

    private static StepLimits Steps(SchedulerSettings scheduler) => new()
    {
        ChunkTokens = scheduler.ChunkTokens,
        MaxStepTokens = scheduler.MaxStepTokens,
        StepTarget = scheduler.StepTarget,
        MaxRunning = scheduler.MaxRunning,
        QueueLimit = scheduler.QueueLimit,
        StepsInFlight = scheduler.StepsInFlight,
    };
}
