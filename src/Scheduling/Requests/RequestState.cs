using System.Collections.Immutable;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Scheduling.Requests;

/// <summary>One request between its admission to the queue and the release of its KV.</summary>
/// <param name="SequenceId">Names it in plans; given in order of arrival, never reused.</param>
/// <param name="Submit">What was asked for.</param>
/// <param name="TokenLimit">Tokens that it may have in all, prompt and answer: the least of its own,
/// the model's and the pool's limit.</param>
/// <param name="BlocksReserved">KV blocks of its worst case.</param>
internal sealed record RequestState(long SequenceId, GenerationProtocol.Submit Submit, int TokenLimit, int BlocksReserved)
{
    /// <summary>Tokens sampled here; those of an earlier life of a resumed request are in <see cref="Submit"/>.</summary>
    public ImmutableList<int> Generated { get; init; } = [];

    /// <summary>Where the prefill ends: the tokens known when it began in this epoch. Rows behind are decode rows.</summary>
    public int PrefillEnd { get; init; } = Submit.Tokens.Length;

    /// <summary>Leading tokens that steps have been planned for: the next share's prefix.</summary>
    public int Prefix { get; init; }

    /// <summary>Leading tokens whose K and V are in the pool.</summary>
    public int Computed { get; init; }

    /// <summary>KV blocks held, in order of the tokens.</summary>
    public ImmutableArray<int> Blocks { get; init; } = [];

    /// <summary>Steps in flight that hold rows of it.</summary>
    public int StepsInFlight { get; init; }

    /// <summary>Whether its terminal reply is out; it only waits for its KV to be released.</summary>
    public bool HasEnded { get; init; }

    /// <summary>Steps planned without it since its last chunk: how long its prefill has been passed over.</summary>
    public int Waited { get; init; }

    /// <summary>Later requests that were admitted while it waited for KV.</summary>
    public int Overtaken { get; init; }

    /// <summary>Epochs in a row that broke while it had rows inside, since its last new token.</summary>
    public int LostEpochs { get; init; }

    /// <summary>Whether it may be what breaks the groups of ranks: two in a row did under it. One may break under anybody.</summary>
    public bool IsSuspect => LostEpochs >= 2 && !HasEnded;

    /// <summary>Seconds that it has been without a group of ranks.</summary>
    public int SecondsWithoutGroup { get; init; }

    /// <summary>How its prompt was placed.</summary>
    public required PrefillTally Tally { get; init; }

    /// <summary>Whether ranks know it.</summary>
    public bool HasStarted => Prefix > 0;

    /// <summary>Tokens known: prompt and all sampled ones.</summary>
    public int Known => Submit.Tokens.Length + Generated.Count;

    /// <summary>Prefill tokens not planned yet.</summary>
    public int PrefillLeft => Math.Max(0, PrefillEnd - Prefix);

    /// <summary>Whether its newest token can be run now. While a step inside chooses the next one, everything known is planned.</summary>
    public bool IsReadyToDecode => !HasEnded && PrefillLeft == 0 && Prefix < Known && Known < TokenLimit;

    /// <summary>The known tokens from <see cref="Prefix"/> on.</summary>
    public ImmutableArray<int> NextTokens(int count)
    {
        var tokens = ImmutableArray.CreateBuilder<int>(count);
        for (var i = Prefix; i < Prefix + count; i++)
            tokens.Add(i < Submit.Tokens.Length ? Submit.Tokens[i] : Generated[i - Submit.Tokens.Length]);
        return tokens.MoveToImmutable();
    }

    /// <summary>The state after a step with <paramref name="share"/> of it was planned.</summary>
    public RequestState Plan(StepRequest share) => this with
    {
        Prefix = Prefix + share.Tokens.Length,
        Blocks = Blocks.AddRange(share.NewBlocks),
        StepsInFlight = StepsInFlight + 1,
        Waited = 0,
    };

    /// <summary>The state at the begin of a new epoch, whose pools are empty: everything known is prefilled again.</summary>
    /// <param name="cpSize">CP ranks.</param>
    public RequestState Recompute(int cpSize) => this with
    {
        Tally = PrefillTally.Empty(cpSize),
        SecondsWithoutGroup = 0,
        PrefillEnd = Known,
        Prefix = 0,
        Computed = 0,
        Blocks = [],
        StepsInFlight = 0,
        Waited = 0,
    };
}
