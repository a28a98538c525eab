using System.Collections.Immutable;
using AkkaCp.Pipeline.Partition;
using AkkaCp.Pipeline.Steps;
using AkkaCp.Scheduling.Requests;

namespace AkkaCp.Scheduling;

/// <summary>
/// Decides what runs next.
/// <list type="number">
/// <item>Released requests: those that have ended. The plan may give their blocks to its own rows, although an older step inside may still
/// hold rows of them. Ranks run plans in order, so the old owner's writes come before the new owner's. What an older step reads of the
/// old owner, nobody waits for.</item>
/// <item>A further KV block for each running request that has filled its last one; when there is none, the youngest is put back in the
/// queue.</item>
/// <item>Admission, in the order of <see cref="Requests.RequestQueue"/>, by the KV blocks that a request has at first, less those that
/// running requests hold and it can share. At most <see cref="MaxOvertakes"/> later requests that fit overtake a request that waits for KV,
/// none one that was put back. Then all later ones wait with it.</item>
/// <item>A suspect, which may be what breaks the groups of ranks, runs alone until a token clears it. Requests beside it would lose their
/// epochs, too, and fail with it. Suspects come only with a new epoch, when nothing else is inside.</item>
/// <item>One decode row of every request whose last token is known.</item>
/// <item>Prefill chunks in what is left of the step's tokens, and of its time where anybody else waits or decodes. The prompt with the
/// least left goes first, so a short prompt does not wait for a long one. Each step that passes a prompt over counts for it like a whole
/// step's tokens, so a long prompt waits for a bounded number of steps.</item>
/// </list>
/// </summary>
public static class StepPlanner
{
    /// <summary>Later requests that may be admitted before one that waits for KV.</summary>
    public const int MaxOvertakes = 16;

    /// <summary>Admits what can be admitted; independent of room for a step.</summary>
    public static Transition Admit(this SchedulerState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        // Asked at every message: a full queue behind full ranks must cost next to nothing.
        if (!state.Queue.Requests.Exists(request => CanAdmit(state, request)))
            return Transition.To(state);

        var transition = Transition.To(state);
        var waiting = ImmutableList.CreateBuilder<RequestState>();
        var mayOvertake = true;
        var turn = 0L;
        foreach (var request in state.Queue.Requests)
        {
            if (mayOvertake && CanAdmit(transition.State, request))
            {
                MarkOvertaken(waiting);
                transition = transition.Then(current => Admit(current, request));
                turn = request.Turn;
            }
            else
            {
                waiting.Add(request);
            }

            mayOvertake &= waiting.TrueForAll(passed => passed.Overtaken < MaxOvertakes && !passed.IsPutBack);
        }

        return transition with { State = transition.State with { Queue = state.Queue.Keep(waiting.ToImmutable(), turn) } };
    }

    /// <summary>The next step, or null when there is nothing to do or no room for it.</summary>
    public static (Transition Transition, StepPlan? Plan) PlanStep(this SchedulerState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (!HasRoomForStep(state))
            return (Transition.To(state), null);

        var ended = Releasable(state);
        var without = ended.Aggregate(state, (so, sequenceId) => so.Without(so.Running[sequenceId]));
        var growth = without.Grow(Runnable(without));
        var released = ended.AddRange(growth.Released);
        var transition = growth.State.Admit().Then(PrefixReuse.Reuse);
        var rows = ChooseRows(transition.State, growth.Awaited);
        if (rows.Count == 0 && (released.IsEmpty || !state.InFlight.IsEmpty))
            return (Transition.To(state), null);

        var (after, requests) = Place(transition.State, rows);
        var plan = new StepPlan(state.Epoch, state.NextStep, requests, released);
        after = after with { NextStep = state.NextStep + 1, InFlight = after.InFlight.Add(plan.Step, new StepState(plan)) };
        return (transition with { State = after }, plan);
    }

    private static bool CanAdmit(SchedulerState state, RequestState request) =>
        state.Running.Count < state.Limits.Steps.MaxRunning && state.HasRoomFor(request);

    private static Transition Admit(SchedulerState state, RequestState request)
    {
        var admitted = state.With(request) with { Kv = state.Kv.Reserve(request.BlocksReserved) };
        return admitted.Reuse(request) is { } reused
            ? reused
            : Transition.To(admitted).Say(request.ToProgress());
    }

    private static void MarkOvertaken(ImmutableList<RequestState>.Builder waiting)
    {
        for (var i = 0; i < waiting.Count; i++)
            waiting[i] = waiting[i] with { Overtaken = waiting[i].Overtaken + 1 };
    }

    /// <remarks>A plan goes out only when all ranks have taken the one before: that is the ranks' back-pressure.</remarks>
    private static bool HasRoomForStep(SchedulerState state) =>
        !state.NeedsNewEpoch
        && state.InFlight.Count < state.Limits.Steps.StepsInFlight
        && state.InFlight.Values.All(step => step.Accepted.Count == state.Limits.WorldSize);

    private static ImmutableArray<long> Releasable(SchedulerState state) =>
        [.. state.Running.Values.Where(request => request.HasEnded).Select(request => request.SequenceId)];

    private static List<(RequestState Request, int Tokens)> ChooseRows(SchedulerState state, long? awaited)
    {
        var runnable = Runnable(state).FindAll(request => request.SequenceId != awaited && !state.NeedsBlock(request));
        var rows = runnable.Where(request => request.IsReadyToDecode).Select(request => (request, 1)).ToList();
        var budget = new StepBudget(state, rows.Count);
        foreach (var request in PrefillsByUrgency(runnable, state.Limits.Steps.MaxStepTokens))
        {
            if (budget.Take(request) is > 0 and var tokens)
                rows.Add((request, tokens));
        }

        return rows;
    }

    private static List<RequestState> Runnable(SchedulerState state) =>
        state.Running.Values.FirstOrDefault(request => request.IsSuspect) is { } suspect ? [suspect] : [.. state.Running.Values];

    private static IOrderedEnumerable<RequestState> PrefillsByUrgency(List<RequestState> runnable, int stepTokens) => runnable
        .Where(request => !request.HasEnded && request.PrefillLeft > 0)
        .OrderBy(request => request.PrefillLeft - ((long)request.Waited * stepTokens))
        .ThenBy(request => request.SequenceId);

    private static (SchedulerState State, ImmutableArray<StepRequest> Shares) Place(
        SchedulerState state, List<(RequestState Request, int Tokens)> rows)
    {
        var lengths = rows
            .Select(row => new RequestLength(row.Tokens, row.Request.Prefix, row.Request.PrefillLeft == 0))
            .ToArray();
        var placements = CpPolicy.Assign(lengths, state.Limits.CpSize, state.Limits.CpPolicy);
        var shares = ImmutableArray.CreateBuilder<StepRequest>(rows.Count);
        for (var i = 0; i < rows.Count; i++)
        {
            var (request, tokens) = rows[i];
            var missing = state.Limits.BlocksFor(request.Prefix + tokens) - request.Blocks.Length;
            var kv = state.Kv.Take(Math.Max(0, missing), out var taken);
            shares.Add(Share(request, lengths[i], placements[i], taken));
            state = state.With(request.Plan(shares[i], taken)) with
            {
                Kv = kv,
                CachedTokens = state.CachedTokens + (request.HasStarted ? 0 : request.Prefix),
            };
        }

        return (CountWaiting(state, rows), shares.MoveToImmutable());
    }

    /// <remarks>Ranks hear of reused blocks with the first share.</remarks>
    private static StepRequest Share(RequestState request, RequestLength length, CpPlacement placement, ImmutableArray<int> taken) => new()
    {
        SequenceId = request.SequenceId,
        Prefix = request.Prefix,
        Tokens = request.TokensAt(request.Prefix, length.Extend),
        IsDecode = length.IsDecode,
        Placement = placement,
        NewBlocks = request.HasStarted ? taken : request.Blocks.AddRange(taken),
        Start = request.HasStarted
            ? null
            : new SequenceStart(request.Submit.PromptLength, request.Submit.Sampling, request.Submit.AllLogits)
            {
                Seen = request.Submit.Sampling.CountsTokens ? request.TokensAt(0, request.Prefix) : [],
            },
        Sample = request.Prefix + length.Extend == request.Known && request.Known < request.TokenLimit,
    };

    private static SchedulerState CountWaiting(SchedulerState state, List<(RequestState Request, int Tokens)> rows)
    {
        var chosen = rows.Select(row => row.Request.SequenceId).ToHashSet();
        foreach (var request in state.Running.Values)
        {
            if (!request.HasEnded && request.PrefillLeft > 0 && !chosen.Contains(request.SequenceId))
                state = state.With(request with { Waited = request.Waited + 1 });
        }

        return state;
    }
}
