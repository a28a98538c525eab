using System.Collections.Immutable;
using AkkaCp.Scheduling.Requests;

namespace AkkaCp.Scheduling;

/// <summary>
/// Gives running requests KV block by block, once what they were promised at admission is used up. When no block is left, the youngest
/// request is put back in the queue. Its full blocks stay cached, and it goes on from what is known, with the same text. The oldest always
/// gets its block, so something always advances; and a request that is alone always does, for nothing may be longer than the pool.
/// </summary>
internal static class KvGrowth
{
    /// <summary>Whether its next row needs a block that it is not promised.</summary>
    public static bool NeedsBlock(this SchedulerState state, RequestState request) =>
        request.IsReadyToDecode && state.Limits.BlocksFor(request.Prefix + 1) > request.BlocksReserved;

    /// <summary>
    /// The state with further blocks promised to those that need one, oldest first, and without those that were put back for it. One whose
    /// rows are inside the ranks cannot be put back: it gets no further ones, and the others wait for it.
    /// </summary>
    /// <param name="state">The state.</param>
    /// <param name="candidates">Requests that may run, oldest first.</param>
    public static Growth Grow(this SchedulerState state, IEnumerable<RequestState> candidates)
    {
        var released = ImmutableArray.CreateBuilder<long>();
        foreach (var sequenceId in candidates.Where(state.NeedsBlock).Select(request => request.SequenceId).ToList())
        {
            while (state.Running.ContainsKey(sequenceId) && !state.Kv.HasRoomFor(1))
            {
                var youngest = state.Running.Values.Last(request => !request.HasEnded);
                if (!youngest.IsOutside)
                    return new Growth(state, released.ToImmutable(), youngest.SequenceId);
                if (youngest.HasStarted)
                    released.Add(youngest.SequenceId);
                state = PutBack(state, youngest);
            }

            if (state.Running.TryGetValue(sequenceId, out var request))
                state = state.With(request with { BlocksReserved = request.BlocksReserved + 1 }) with { Kv = state.Kv.Reserve(1) };
        }

        return new Growth(state, released.ToImmutable(), null);
    }

    private static SchedulerState PutBack(SchedulerState state, RequestState request) => state.Without(request) with
    {
        Queue = state.Queue.PutBack(request.PutBack(state.BlocksAtFirst(request))),
        PutBacks = state.PutBacks + 1,
    };
}

/// <summary>What <see cref="KvGrowth.Grow"/> comes to.</summary>
/// <param name="State">The new state.</param>
/// <param name="Released">Requests that were put back and that ranks have to forget.</param>
/// <param name="Awaited">The request that is to be put back once its rows are out of the ranks; null for none.</param>
internal readonly record struct Growth(SchedulerState State, ImmutableArray<long> Released, long? Awaited);
