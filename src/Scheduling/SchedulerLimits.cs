using AkkaCp.Pipeline.Partition;

namespace AkkaCp.Scheduling;

/// <summary>What does not change while an epoch lives; of all but <see cref="KvBlocks"/>, while the scheduler does.</summary>
/// <param name="WorldSize">Ranks.</param>
/// <param name="CpSize">CP ranks.</param>
/// <param name="VocabSize">Token ids are below this.</param>
/// <param name="ContextLength">Tokens of a request at most.</param>
/// <param name="KvBlocks">Blocks of a rank's pool, block 0, which is never given out, included.</param>
/// <param name="BlockSizeTokens">Tokens of a block.</param>
/// <param name="Steps">Limits of queue, steps and chunks.</param>
/// <param name="CpPolicy">Thresholds of the placement.</param>
public sealed record SchedulerLimits(
    int WorldSize, int CpSize, int VocabSize, int ContextLength, int KvBlocks, int BlockSizeTokens, StepLimits Steps,
    CpPolicySettings CpPolicy)
{
    /// <summary>Of <see cref="TokensAhead"/>.</summary>
    public const int DefaultTokensAhead = 256;

    /// <summary>Epochs in a row that a request may lose without a new token. Default 5.</summary>
    public int LostEpochs { get; init; } = 5;

    /// <summary>Seconds that a request may be without a group of ranks. Default 600.</summary>
    public int WaitForGroup { get; init; } = 600;

    /// <summary>Context at which a token's attention costs as much as all the rest of it, in tokens. Default 8192.</summary>
    public int AttentionBalance { get; init; } = 8192;

    /// <summary>Tokens behind those that it has for which a request is promised KV when it is admitted; behind them it is given block by
    /// block. Default 256.</summary>
    public int TokensAhead { get; init; } = DefaultTokensAhead;

    /// <summary>Whether requests share full blocks of equal content. Default true.</summary>
    public bool PrefixCache { get; init; } = true;

    /// <summary>What keys and values of the pool depend on beside tokens and salt, in words: part of every block's name. Default
    /// none.</summary>
    public string BlockContent { get; init; } = "";

    /// <summary>Tokens that the whole pool holds.</summary>
    public long PoolTokens => (KvBlocks - 1L) * BlockSizeTokens;

    /// <summary>Blocks for that many tokens.</summary>
    public int BlocksFor(int tokens) => (int)(((long)tokens + BlockSizeTokens - 1) / BlockSizeTokens);
}
