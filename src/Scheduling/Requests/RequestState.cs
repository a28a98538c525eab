using System.Collections.Immutable;
using AkkaCp.Pipeline.Steps;
using AkkaCp.Scheduling.Blocks;

namespace AkkaCp.Scheduling.Requests;

/// <summary>One request between its admission to the queue and the release of its KV.</summary>
/// <param name="SequenceId">Names it in plans; given in order of arrival, never reused.</param>
/// <param name="Submit">What was asked for.</param>
/// <param name="TokenLimit">Tokens that it may have in all, prompt and answer: the least of its own,
/// the model's and the pool's limit.</param>
internal sealed record RequestState(long SequenceId, GenerationProtocol.Submit Submit, int TokenLimit)
{
    /// <summary>KV blocks that are promised to it when it is admitted, and those that it was given since.</summary>
    public required int BlocksReserved { get; init; }

    /// <summary>Tokens sampled here; those of an earlier life of a resumed request are in <see cref="Submit"/>.</summary>
    public ImmutableList<int> Generated { get; init; } = [];

    /// <summary>Where the prefill ends: the tokens known when it began in this epoch. Rows behind are decode rows.</summary>
    public int PrefillEnd { get; init; } = Submit.Tokens.Length;

    /// <summary>Leading tokens that need no step any more: planned, or reused from others' blocks. The next share's prefix.</summary>
    public int Prefix { get; init; }

    /// <summary>Leading tokens whose K and V are in the pool.</summary>
    public int Computed { get; init; }

    /// <summary>KV blocks held, in order of the tokens.</summary>
    public ImmutableArray<int> Blocks { get; init; } = [];

    /// <summary>Names of the blocks that its known tokens fill; null where requests do not share blocks.</summary>
    public BlockChain? Chain { get; init; }

    /// <summary>Steps in flight that hold rows of it.</summary>
    public int StepsInFlight { get; init; }

    /// <summary>Whether its terminal reply is out; it only waits for its KV to be released.</summary>
    public bool HasEnded { get; init; }

    /// <summary>Steps planned without it since its last chunk: how long its prefill has been passed over.</summary>
    public int Waited { get; init; }

    /// <summary>When it is to be admitted, beside others; <see cref="RequestQueue"/>.</summary>
    public long Turn { get; init; }

    /// <summary>Later requests that were admitted while it waited for KV.</summary>
    public int Overtaken { get; init; }

    /// <summary>Whether it waits again, after it had held KV already.</summary>
    public bool IsPutBack { get; private init; }

    /// <summary>Epochs in a row that broke while it had rows inside, since its last new token.</summary>
    public int LostEpochs { get; init; }

    /// <summary>Whether it may be what breaks the groups of ranks: two in a row did under it. One may break under anybody.</summary>
    public bool IsSuspect => LostEpochs >= 2 && !HasEnded;

    /// <summary>Seconds that it has been without a group of ranks.</summary>
    public int SecondsWithoutGroup { get; init; }

    /// <summary>How its prompt was placed.</summary>
    public required PrefillTally Tally { get; init; }

    /// <summary>Whether ranks know it.</summary>
    public bool HasStarted { get; private init; }

    /// <summary>Tokens known: prompt and all sampled ones.</summary>
    public int Known => Submit.Tokens.Length + Generated.Count;

    /// <summary>Prefill tokens not planned yet.</summary>
    public int PrefillLeft => Math.Max(0, PrefillEnd - Prefix);

    /// <summary>Whether its newest token can be run now. While a step inside chooses the next one, everything known is planned.</summary>
    public bool IsReadyToDecode => !HasEnded && PrefillLeft == 0 && Prefix < Known && Known < TokenLimit;

    /// <summary>Whether no step is inside that holds rows of it.</summary>
    public bool IsOutside => StepsInFlight == 0;

    /// <summary>The names of its full blocks; none where requests do not share blocks.</summary>
    public ImmutableArray<BlockName> Names => Chain?.Names ?? [];

    /// <summary>Names whose blocks it may take over: the last token known has to run, and rows whose logits are wanted, too.</summary>
    public ReadOnlySpan<BlockName> ReusableNames => Chain is null || Submit.AllLogits
        ? []
        : Chain.Names.AsSpan(0, Math.Min(Chain.Names.Length, (Known - 1) / Chain.BlockTokens));

    /// <summary>Known tokens.</summary>
    public ImmutableArray<int> TokensAt(int position, int count)
    {
        var tokens = ImmutableArray.CreateBuilder<int>(count);
        for (var i = position; i < position + count; i++)
            tokens.Add(i < Submit.Tokens.Length ? Submit.Tokens[i] : Generated[i - Submit.Tokens.Length]);
        return tokens.MoveToImmutable();
    }

    /// <summary>The state with one more token of the answer.</summary>
    public RequestState Add(int token)
    {
        var next = this with { Generated = Generated.Add(token), LostEpochs = 0 };
        return Chain is { } chain && next.Known % chain.BlockTokens == 0
            ? next with { Chain = chain.Add(next.TokensAt(next.Known - chain.BlockTokens, chain.BlockTokens).AsSpan()) }
            : next;
    }

    /// <summary>The state, not started yet, with blocks behind its own that others have computed.</summary>
    public RequestState Reuse(ImmutableArray<int> blocks)
    {
        var tokens = (Blocks.Length + blocks.Length) * Chain!.BlockTokens;
        return this with
        {
            Blocks = Blocks.AddRange(blocks),
            Prefix = tokens,
            Computed = tokens,
            Tally = IsPutBack ? Tally : Tally with { CachedTokens = Math.Min(tokens, Submit.PromptLength) },
        };
    }

    /// <summary>How far its prompt is.</summary>
    public GenerationProtocol.Progress ToProgress() => new(
        Submit.RequestId, SequenceId, Math.Min(Computed, Submit.Tokens.Length), Submit.Tokens.Length);

    /// <summary>The state after a step with <paramref name="share"/> of it was planned, which takes some blocks more.</summary>
    public RequestState Plan(StepRequest share, ImmutableArray<int> taken) => this with
    {
        HasStarted = true,
        Prefix = Prefix + share.Tokens.Length,
        Blocks = Blocks.AddRange(taken),
        StepsInFlight = StepsInFlight + 1,
        Waited = 0,
    };

    /// <summary>The state at the begin of a new epoch, whose pools are empty: everything known is prefilled again.</summary>
    /// <param name="cpSize">CP ranks.</param>
    /// <param name="blocks">That it is promised at first.</param>
    public RequestState Recompute(int cpSize, int blocks) => Again(blocks) with
    {
        Tally = PrefillTally.Empty(cpSize),
        SecondsWithoutGroup = 0,
    };

    /// <summary>The state without KV: it waits, and goes on from what is known. What was said of its prompt stays said.</summary>
    /// <param name="blocks">That it is promised at first.</param>
    public RequestState PutBack(int blocks) => Again(blocks) with { IsPutBack = true };

    private RequestState Again(int blocks) => this with
    {
        BlocksReserved = blocks,
        HasStarted = false,
        PrefillEnd = Known,
        Prefix = 0,
        Computed = 0,
        Blocks = [],
        StepsInFlight = 0,
        Waited = 0,
    };
}
