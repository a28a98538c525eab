using AkkaCp.Scheduling.Requests;

namespace AkkaCp.Scheduling;

/// <summary>
/// Lets requests share full KV blocks that others have computed, those of prompts and of answers. A block gets its name when a step that
/// filled it has ended well on all ranks, so a request never waits for another's step, nor fails with it. A request looks for blocks when
/// it is admitted, and once more when it first runs: whoever began beside it may be further by then.
/// </summary>
internal static class PrefixReuse
{
    /// <summary>Whether the blocks that a request has at first can be promised; those that others hold and the request can share are
    /// there.</summary>
    public static bool HasRoomFor(this SchedulerState state, RequestState request)
    {
        if (state.Kv.HasRoomFor(request.BlocksReserved))
            return true;
        var names = ReusableNames(state, request);
        return state.Kv.HasRoomFor(request.BlocksReserved - names.Length)
            && state.Kv.HasRoomFor(request.BlocksReserved - state.Kv.CountHeld(state.Kv.Find(names)));
    }

    /// <summary>With the blocks of others that an admitted request can share, and its progress; null when there are none.</summary>
    public static Transition? Reuse(this SchedulerState state, RequestState request)
    {
        var blocks = state.Kv.Find(ReusableNames(state, request));
        if (blocks.IsEmpty)
            return null;
        request = request.Reuse(blocks);
        return Transition.To(state.With(request) with { Kv = state.Kv.Share(blocks) }).Say(request.ToProgress());
    }

    /// <summary>The same for every request that no rank knows yet.</summary>
    public static Transition Reuse(SchedulerState state) => state.Running.Values.Where(request => !request.HasStarted).Aggregate(
        Transition.To(state), (so, request) => so.Then(current => current.Reuse(request) ?? Transition.To(current)));

    /// <summary>With names for the blocks that a request has filled.</summary>
    /// <param name="state">The state.</param>
    /// <param name="request">As it is now.</param>
    /// <param name="computed">Its computed tokens before.</param>
    public static SchedulerState NameBlocks(this SchedulerState state, RequestState request, int computed)
    {
        if (request.Chain is not { } chain)
            return state;
        var kv = state.Kv;
        for (var i = computed / chain.BlockTokens; i < request.Computed / chain.BlockTokens; i++)
            kv = kv.Name(request.Blocks[i], chain.Names[i]);
        return state with { Kv = kv };
    }

    /// <remarks>A group that is broken takes its pool with it.</remarks>
    private static ReadOnlySpan<Blocks.BlockName> ReusableNames(SchedulerState state, RequestState request)
    {
        var names = request.ReusableNames;
        return state.NeedsNewEpoch || request.Blocks.Length >= names.Length ? [] : names[request.Blocks.Length..];
    }
}
