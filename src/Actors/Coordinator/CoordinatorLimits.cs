using AkkaCp.Actors.Settings;
using AkkaCp.Pipeline.Partition;

namespace AkkaCp.Actors.Coordinator;

/// <summary>What does not change while a coordinator lives.</summary>
/// <param name="WorldSize">Ranks.</param>
/// <param name="CpSize">CP ranks.</param>
/// <param name="VocabSize">Token ids are below this.</param>
/// <param name="ContextLength">Tokens of a request at most.</param>
/// <param name="KvBlocks">Blocks of a rank's pool, block 0, which is never given out, included.</param>
/// <param name="BlockSizeTokens">Tokens of a block.</param>
/// <param name="Scheduler">Limits of queue, steps and chunks.</param>
/// <param name="CpPolicy">Thresholds of the placement.</param>
internal sealed record CoordinatorLimits(
    int WorldSize, int CpSize, int VocabSize, int ContextLength, int KvBlocks, int BlockSizeTokens,
    SchedulerSettings Scheduler, CpPolicySettings CpPolicy)
{
    /// <summary>How patient it is.</summary>
    public GroupRules Rules { get; init; } = new();

    /// <summary>From settings and facts.</summary>
    /// <exception cref="ArgumentException">One is out of its range.</exception>
    public static CoordinatorLimits Of(
        CpSettings settings, IRankHost host, int worldSize, int cpSize, int vocabSize, int contextLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(worldSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(cpSize, 1);
        ArgumentOutOfRangeException.ThrowIfNotEqual(worldSize % cpSize, 0, nameof(worldSize));
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(contextLength, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(host.Facts.KvBlocks, 2, nameof(host));
        return new CoordinatorLimits(
            worldSize, cpSize, vocabSize, contextLength, host.Facts.KvBlocks, settings.KvCache.BlockSizeTokens, settings.Scheduler,
            settings.ContextParallel.ToPolicy())
        {
            Rules = GroupRules.Of(settings.Cluster),
        };
    }

    /// <summary>Tokens that the whole pool holds.</summary>
    public long PoolTokens => (KvBlocks - 1L) * BlockSizeTokens;

    /// <summary>Blocks for that many tokens.</summary>
    public int BlocksFor(int tokens) => (int)(((long)tokens + BlockSizeTokens - 1) / BlockSizeTokens);
}
