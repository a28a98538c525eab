using System.Collections.Immutable;
using AkkaCp.Pipeline.Steps;
using AkkaCp.Scheduling.Blocks;
using AkkaCp.Scheduling.Requests;

namespace AkkaCp.Scheduling;

/// <summary>
/// Everything the scheduler knows: which requests wait and run, and which steps are inside the ranks. Immutable; each event is a method
/// that returns the next state and the replies. The same events in the same order give the same plans.
/// </summary>
public sealed record SchedulerState
{
    private SchedulerState(SchedulerLimits limits, long nextSequenceId)
    {
        (Limits, NextSequenceId) = (limits, nextSequenceId);
        Kv = KvBlockManager.Empty(limits.KvBlocks);
    }

    /// <summary>What does not change in an epoch.</summary>
    public SchedulerLimits Limits { get; private init; }

    /// <summary>Incarnation of the group of ranks.</summary>
    public long Epoch { get; internal init; }

    /// <summary>Number of the epoch's next step.</summary>
    public long NextStep { get; internal init; } = 1;

    /// <summary>Sequence id of the next request.</summary>
    public long NextSequenceId { get; private init; }

    /// <summary>Steps that all ranks have ended, all epochs.</summary>
    public long StepsDone { get; internal init; }

    /// <summary>Tokens that requests did not compute, because earlier ones had: all epochs.</summary>
    public long CachedTokens { get; internal init; }

    /// <summary>How often running requests were put back in the queue, because no KV block was left: all epochs.</summary>
    public long PutBacks { get; internal init; }

    /// <summary>Whether new requests are refused.</summary>
    public bool IsDraining { get; private init; }

    /// <summary>
    /// Set when a step's fault leaves open where each rank stands: somebody did not come to a collective, and nobody said why. Then
    /// no step is planned until <see cref="Restart"/>.
    /// </summary>
    public PipelineFault? EpochFault { get; internal init; }

    /// <summary>Whether the group of ranks is broken.</summary>
    public bool NeedsNewEpoch => EpochFault is not null;

    /// <summary>Steps inside the ranks by number.</summary>
    public ImmutableSortedDictionary<long, StepState> InFlight { get; internal init; } = ImmutableSortedDictionary<long, StepState>.Empty;

    /// <summary>Requests that wait.</summary>
    public int QueuedCount => Queue.Count;

    /// <summary>Requests that hold KV and have not ended.</summary>
    public int RunningCount => Running.Values.Count(request => !request.HasEnded);

    /// <summary>Whether no request holds KV, also none that has ended and waits for its release.</summary>
    public bool HoldsNoKv => Running.IsEmpty;

    /// <summary>KV blocks that no request holds, those with content for later ones among them.</summary>
    public int FreeKvBlocks => Kv.Free;

    /// <summary>KV blocks that can be given out when none is in use.</summary>
    public int UsableKvBlocks => Kv.Usable;

    /// <summary>Whether no request waits or runs and no step is inside.</summary>
    public bool IsIdle => Queue.Count == 0 && Running.IsEmpty && InFlight.IsEmpty;

    /// <summary>Requests that hold no KV.</summary>
    internal RequestQueue Queue { get; init; } = RequestQueue.Empty;

    /// <summary>Admitted requests by sequence id; those that have ended stay until their KV is released.</summary>
    internal ImmutableSortedDictionary<long, RequestState> Running { get; init; } = ImmutableSortedDictionary<long, RequestState>.Empty;

    /// <summary>How fast prompts are computed.</summary>
    internal PrefillPace Pace { get; init; }

    /// <summary>KV blocks.</summary>
    internal KvBlockManager Kv { get; init; }

    /// <summary>A scheduler with no requests. <see cref="Restart"/> gives it its first epoch.</summary>
    /// <param name="limits">What does not change.</param>
    /// <param name="nextSequenceId">Sequence id of the first request: above those that anybody may still hold something of.</param>
    public static SchedulerState Create(SchedulerLimits limits, long nextSequenceId = 1)
    {
        ArgumentNullException.ThrowIfNull(limits);
        return new SchedulerState(limits, nextSequenceId);
    }

    /// <summary>The id of a request in a plan; null when the request is gone.</summary>
    /// <param name="sequenceId">Names it there.</param>
    public Guid? RequestIdOf(long sequenceId) => Running.TryGetValue(sequenceId, out var request) ? request.Submit.RequestId : null;

    /// <summary>Queues a request, or refuses it at once.</summary>
    public Transition Submit(GenerationProtocol.Submit submit)
    {
        ArgumentNullException.ThrowIfNull(submit);
        if (IsDraining)
            return Refuse(submit, FailureKind.ShuttingDown, "the engine is shutting down");
        if (Admission.Judge(submit, Limits) is { } reply)
            return Transition.To(this).Say(reply);
        if (Queue.Count < Limits.Steps.QueueLimit)
            return Transition.To(Enqueue(submit));
        return Queue.MostDispensable(submit.CacheSalt) is { } other
            ? End(other, QueueIsFull(other.Submit)).Then(state => Transition.To(state.Enqueue(submit)))
            : Transition.To(this).Say(QueueIsFull(submit));
    }

    /// <summary>Ends a request; of one that is unknown, because it has ended, nothing is said.</summary>
    public Transition Cancel(Guid requestId)
    {
        if (Queue.Requests.Find(request => request.Submit.RequestId == requestId) is { } queued)
            return End(queued, new GenerationProtocol.Completed(requestId, CompletionReason.Cancelled, PrefillPlacement.None));
        return Running.Values.FirstOrDefault(request => request.Submit.RequestId == requestId && !request.HasEnded) is { } running
            ? Complete(running, CompletionReason.Cancelled)
            : Transition.To(this);
    }

    /// <summary>Notes that a rank's pipeline took a plan.</summary>
    public SchedulerState Accept(long epoch, long step, int rank) => epoch == Epoch && InFlight.TryGetValue(step, out var state)
        ? this with { InFlight = InFlight.SetItem(step, state.Accept(rank)) }
        : this;

    /// <summary>Refuses new requests and those that wait; running ones go on.</summary>
    public Transition Drain()
    {
        var transition = Transition.To(this with { IsDraining = true, Queue = Queue.Keep([]) });
        return Queue.Requests.Aggregate(transition, (so, request) => so.Say(ShuttingDown(request)));
    }

    /// <summary>Ends everything.</summary>
    public Transition Stop()
    {
        var running = Running.Values.Where(request => !request.HasEnded);
        return running.Aggregate(Drain(), (so, request) => so.Then(state => state.End(request, ShuttingDown(request))));
    }

    /// <summary>
    /// The group of ranks is broken. A request with rows inside has lost an epoch. It fails when it has lost too many in a row without a
    /// new token, for perhaps it is what breaks the groups. All other requests are computed again in the next epoch.
    /// </summary>
    public Transition LoseEpoch(PipelineFault fault)
    {
        var inside = Running.Values.Where(request => request.StepsInFlight > 0 && !request.HasEnded);
        return inside.Aggregate(
            Transition.To(this with { EpochFault = EpochFault ?? fault }),
            (so, request) => so.Then(state => state.CountLoss(request, fault)));
    }

    /// <summary>The ranks could not be built: an epoch is lost for everybody.</summary>
    public Transition FailToForm(PipelineFault fault) =>
        All.Aggregate(Transition.To(this), (so, request) => so.Then(state => state.CountLoss(request, fault)));

    /// <summary>A second passed without a group of ranks. A request that has waited too long fails.</summary>
    /// <param name="missing">What is missing, in words.</param>
    public Transition WaitForGroup(string missing) => All.Aggregate(Transition.To(this), (so, request) => so.Then(state =>
        request.SecondsWithoutGroup < Limits.WaitForGroup
            ? Transition.To(state.Put(request with { SecondsWithoutGroup = request.SecondsWithoutGroup + 1 }))
            : state.Fail(request, FailureKind.Unavailable, $"no group of ranks for {Limits.WaitForGroup} s: {missing}")));

    /// <summary>
    /// The pools of the epoch that is about to begin have another size than those of the one before. No request may be longer than they
    /// hold: one whose tokens do not fit any more ends, as complete where it has answered so far, as too long where it was given so.
    /// </summary>
    /// <param name="kvBlocks">Blocks of the smallest pool of a rank, block 0 included.</param>
    public Transition Resize(int kvBlocks)
    {
        if (kvBlocks == Limits.KvBlocks)
            return Transition.To(this);
        var resized = this with { Limits = Limits with { KvBlocks = kvBlocks } };
        return resized.All.Aggregate(Transition.To(resized), (so, request) => so.Then(state => state.Fit(request)));
    }

    /// <summary>
    /// Begins a new epoch with empty pools and nothing inside. Requests that had ended are gone. Running requests are prefilled again
    /// from their known tokens and go on where they were. Where they had shared blocks, the pool may be too small for all of them at once:
    /// then the later ones are put back in the queue, in front of it.
    /// </summary>
    public SchedulerState Restart(long epoch)
    {
        var kv = KvBlockManager.Empty(Limits.KvBlocks);
        var running = ImmutableSortedDictionary.CreateBuilder<long, RequestState>();
        var queue = Queue.Select(request => request with { SecondsWithoutGroup = 0 });
        foreach (var lost in Running.Values.Where(request => !request.HasEnded).OrderBy(request => !request.IsSuspect))
        {
            var request = lost.Recompute(Limits.CpSize, this.BlocksAtFirst(lost));
            if (!kv.HasRoomFor(request.BlocksReserved))
            {
                queue = queue.PutBack(request.PutBack(request.BlocksReserved));
                continue;
            }

            running.Add(request.SequenceId, request);
            kv = kv.Reserve(request.BlocksReserved);
        }

        return this with
        {
            Epoch = epoch,
            NextStep = 1,
            EpochFault = null,
            InFlight = InFlight.Clear(),
            Queue = queue,
            Running = running.ToImmutable(),
            Kv = kv,
        };
    }

    /// <summary>With a request's new state.</summary>
    internal SchedulerState With(RequestState request) => this with { Running = Running.SetItem(request.SequenceId, request) };

    /// <summary>Without an admitted request, whose blocks and promises are given back.</summary>
    internal SchedulerState Without(RequestState request) => this with
    {
        Running = Running.Remove(request.SequenceId),
        Kv = Kv.Return(request.Blocks, request.BlocksReserved, request.Names.AsSpan()),
    };

    /// <summary>Ends a request well.</summary>
    internal Transition Complete(RequestState request, CompletionReason reason) =>
        End(request, new GenerationProtocol.Completed(request.Submit.RequestId, reason, request.Tally.ToPlacement()));

    /// <summary>Ends a request with a fault. What it has computed or read is nobody's content from now on.</summary>
    internal Transition Fail(RequestState request, PipelineFault fault) => Fail(request, FailureKind.Fault, fault.ToString());

    private Transition Fail(RequestState request, FailureKind kind, string message) => (this with { Kv = Kv.Forget(request.Blocks) }).End(
        request, new GenerationProtocol.Failed(request.Submit.RequestId, kind, message));

    private IEnumerable<RequestState> All => Queue.Requests.Concat(Running.Values.Where(request => !request.HasEnded));

    private SchedulerState Put(RequestState request) => Running.ContainsKey(request.SequenceId)
        ? With(request)
        : this with { Queue = Queue.Select(queued => queued.SequenceId == request.SequenceId ? request : queued) };

    private Transition Fit(RequestState request)
    {
        if (Admission.Judge(request.Submit, Limits, request.Generated.Count) is { } reply)
            return End(request, reply);
        var fitted = request with { TokenLimit = Admission.TokenLimit(request.Submit, Limits) };
        // What holds KV is promised anew when the epoch begins.
        return Transition.To(Put(
            Running.ContainsKey(request.SequenceId) ? fitted : fitted with { BlocksReserved = this.BlocksAtFirst(fitted) }));
    }

    private Transition CountLoss(RequestState request, PipelineFault fault)
    {
        request = request with { LostEpochs = request.LostEpochs + 1 };
        return request.LostEpochs < Limits.LostEpochs ? Transition.To(Put(request)) : Fail(request, fault);
    }

    private SchedulerState Enqueue(GenerationProtocol.Submit submit)
    {
        var tokenLimit = Admission.TokenLimit(submit, Limits);
        var request = new RequestState(NextSequenceId, submit, tokenLimit)
        {
            BlocksReserved = Admission.BlocksAtFirst(submit.Tokens.Length, tokenLimit, Limits),
            Tally = PrefillTally.Empty(Limits.CpSize),
            Chain = ChainOf(submit),
        };
        return this with { NextSequenceId = NextSequenceId + 1, Queue = Queue.Add(request, Running.Values) };
    }

    private BlockChain? ChainOf(GenerationProtocol.Submit submit) => Limits.PrefixCache
        ? BlockChain.Of(BlockName.Root(Limits.BlockContent, submit.CacheSalt), submit.Tokens.AsSpan(), Limits.BlockSizeTokens)
        : null;

    /// <summary>A request that no rank knows is gone at once. Another stays until a plan has told the ranks to forget it.</summary>
    private Transition End(RequestState request, GenerationProtocol.IReply reply)
    {
        if (!Running.ContainsKey(request.SequenceId))
        {
            var queue = Queue.Keep(Queue.Requests.RemoveAll(queued => queued.SequenceId == request.SequenceId));
            return Transition.To(this with { Queue = queue }).Say(reply);
        }

        return Transition.To(request.HasStarted ? With(request with { HasEnded = true }) : Without(request)).Say(reply);
    }

    private GenerationProtocol.Failed QueueIsFull(GenerationProtocol.Submit submit) =>
        new(submit.RequestId, FailureKind.Busy, $"the queue is full: {Queue.Count} requests wait");

    private static GenerationProtocol.Failed ShuttingDown(RequestState request) =>
        new(request.Submit.RequestId, FailureKind.ShuttingDown, "the engine is shutting down");

    private Transition Refuse(GenerationProtocol.Submit submit, FailureKind kind, string message) =>
        Transition.To(this).Say(new GenerationProtocol.Failed(submit.RequestId, kind, message));
}
