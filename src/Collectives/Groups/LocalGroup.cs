using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Topology;

namespace AkkaCp.Collectives.Groups;

/// <summary>
/// What the members of one in-process group share: calls that wait for members, and the tags and steps that have failed.
/// The last member to come moves all rows on its own thread while the others wait; before that no tensor is touched, and from the
/// moment it starts neither timeout, cancellation nor abort can end a member's call. So a row is never read from or written to
/// memory whose owner has left.
/// </summary>
internal sealed class LocalGroup(LocalRankHub hub, RankGroup members)
{
    // Late members of a failed call come within the steps that are under way; that is tens of tags.
    private const int RememberedFaults = 256;

    private readonly Dictionary<CollectiveTag, PendingCollective> _pending = [];
    private readonly BoundedMemory<CollectiveTag, Func<Exception>> _deadTags = new(RememberedFaults);
    private readonly BoundedMemory<(long Epoch, long Step), (int Member, string Reason)> _deadSteps = new(RememberedFaults);

    // Those of calls that have ended, so that a steady step's collectives allocate nothing. Guarded by the hub's lock.
    private readonly Stack<PendingCollective> _idle = [];
    private readonly Stack<CollectiveWaiter> _idleWaiters = [];

    public GroupKind Kind => members.Kind;

    public string Name { get; } = members.Name;

    public int Size => members.Ranks.Count;

    /// <summary>Calls that wait for members, and faults remembered.</summary>
    public (int Waiting, int Remembered) Counts
    {
        get
        {
            lock (hub.Lock)
            {
                return (_pending.Count, _deadTags.Count + _deadSteps.Count);
            }
        }
    }

    /// <summary>Takes part in a collective; see <see cref="IRankGroup"/>.</summary>
    public ValueTask Join(CollectiveTag tag, in CollectiveCall call, CancellationToken cancellationToken)
    {
        PendingCollective pending;
        lock (hub.Lock)
        {
            // Before anything that others did: a wrong group is this caller's mistake, whatever became of the step.
            if (tag.Kind.Home() is { } home && home != Kind)
            {
                var wrongGroup = Wrong(tag, call.Member, $"a group of kind {home.Name()} for {tag.Kind}", Name);
                hub.Kill(tag, this, wrongGroup);
                return ValueTask.FromException(wrongGroup());
            }

            if (Fault(tag) is { } fault)
            {
                return ValueTask.FromException(fault());
            }

            if (cancellationToken.IsCancellationRequested)
            {
                Kill(tag, Left(tag, call.Member, "its call was cancelled"));
                return ValueTask.FromCanceled(cancellationToken);
            }

            if (Mismatch(tag, call) is { } mismatch)
            {
                hub.Kill(tag, this, mismatch);
                return ValueTask.FromException(mismatch());
            }

            pending = Open(tag);
            pending.Add(call);
            if (!pending.IsComplete)
            {
                return Wait(pending, call.Member, cancellationToken);
            }

            Close(pending);
        }

        Move(pending);
        return ValueTask.CompletedTask;
    }

    /// <summary>Ends the step for every member of the group.</summary>
    public void Abort(int member, long epoch, long step, string reason)
    {
        lock (hub.Lock)
        {
            _deadSteps.Add((epoch, step), (member, reason));
            foreach (var tag in _pending.Keys.Where(tag => tag.Epoch == epoch && tag.Step == step).ToArray())
            {
                Kill(tag, Left(tag, member, reason));
            }
        }
    }

    /// <summary>Ends the waiting calls of a tag, and every later one. Called under the hub's lock.</summary>
    public void Kill(CollectiveTag tag, Func<Exception> error)
    {
        _deadTags.Add(tag, error);
        if (_pending.TryGetValue(tag, out var pending))
        {
            Close(pending);
            pending.Fail(error);
            _idle.Push(pending);
        }
    }

    /// <summary>A waiter's token was cancelled. May come late, when the waiter serves another call already: that one ends only if the
    /// token is its own too.</summary>
    public void Cancel(CollectiveWaiter waiter, CancellationToken cancellationToken)
    {
        lock (hub.Lock)
        {
            if (waiter.Pending is { } pending && waiter.CancellationToken == cancellationToken && IsWaiting(pending))
            {
                pending.FailOne(waiter, new OperationCanceledException(cancellationToken));
                Kill(pending.Tag, Left(pending.Tag, waiter.Member, "its call was cancelled"));
            }
        }
    }

    /// <summary>The caller of a call that waited has taken its result.</summary>
    public void TakeBack(CollectiveWaiter waiter)
    {
        lock (hub.Lock)
        {
            _idleWaiters.Push(waiter);
        }
    }

    /// <summary>Whether calls wait under a tag. Called under the hub's lock.</summary>
    public bool IsWaiting(CollectiveTag tag) => _pending.ContainsKey(tag);

    private Func<Exception>? Fault(CollectiveTag tag)
    {
        if (_deadTags.TryGet(tag, out var fault))
        {
            return fault;
        }

        return _deadSteps.TryGet((tag.Epoch, tag.Step), out var left) ? Left(tag, left.Member, left.Reason) : null;
    }

    private Func<CollectiveAbortedException> Left(CollectiveTag tag, int member, string reason) =>
        () => new CollectiveAbortedException(Name, tag, member, reason);

    private Func<Exception>? Mismatch(CollectiveTag tag, in CollectiveCall call)
    {
        if (call.Problem(Size) is { } problem)
        {
            return Wrong(tag, call.Member, problem.Expected, problem.Found);
        }

        if (hub.KindInUse(tag) is { } kind && kind != Kind)
        {
            return Wrong(tag, call.Member, $"a group of kind {kind.Name()}, where others wait under the same tag", Name);
        }

        if (!_pending.TryGetValue(tag, out var pending))
        {
            return null;
        }

        if (pending.Has(call.Member))
        {
            return Wrong(tag, call.Member, "one call from each member", "a second one");
        }

        ref readonly var first = ref pending.FirstCall;
        return first.AgreesWith(call) ? null : Wrong(tag, call.Member, $"{first} as on member {first.Member}", call.ToString());
    }

    private Func<Exception> Wrong(CollectiveTag tag, int member, string expected, string found) =>
        () => new CollectiveMismatchException(Name, tag, member, expected, found);

    private PendingCollective Open(CollectiveTag tag)
    {
        if (!_pending.TryGetValue(tag, out var pending))
        {
            pending = _idle.TryPop(out var idle) ? idle : new PendingCollective(Size);
            pending.Open(tag, hub.Time.GetTimestamp());
            _pending.Add(tag, pending);
            hub.Use(tag, Kind);
            StartTimer(pending, hub.Timeout);
        }

        return pending;
    }

    private void Close(PendingCollective pending)
    {
        _pending.Remove(pending.Tag);
        hub.Unuse(pending.Tag);
        pending.Timer?.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    private void StartTimer(PendingCollective pending, TimeSpan due)
    {
        if (hub.Timeout != Timeout.InfiniteTimeSpan && Size > 1)
        {
            pending.Timer ??= hub.Time.CreateTimer(GiveUp, pending, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            pending.Timer.Change(due, Timeout.InfiniteTimeSpan);
        }
    }

    private ValueTask Wait(PendingCollective pending, int member, CancellationToken cancellationToken)
    {
        var waiter = _idleWaiters.TryPop(out var idle) ? idle : new CollectiveWaiter(this);
        var end = waiter.Begin(pending, member, cancellationToken);
        pending.Add(waiter);
        waiter.ListenToCancellation();
        return end;
    }

    private void GiveUp(object? state)
    {
        var pending = (PendingCollective)state!;
        lock (hub.Lock)
        {
            if (!IsWaiting(pending))
            {
                return;
            }

            var waited = hub.Time.GetElapsedTime(pending.StartedAt);
            if (waited < hub.Timeout)
            {
                // It fired for the collective that waited here before, and came late.
                StartTimer(pending, hub.Timeout - waited);
                return;
            }

            var (tag, missing) = (pending.Tag, pending.Missing.ToArray());
            Kill(tag, () => new PeerLostException(Name, tag, missing, waited));
        }
    }

    private bool IsWaiting(PendingCollective pending) =>
        _pending.TryGetValue(pending.Tag, out var current) && ReferenceEquals(current, pending);

    private void Move(PendingCollective pending)
    {
        try
        {
            CollectiveMoves.Run(pending.Calls);
        }
        catch (Exception error)
        {
            // A bug, for shapes were checked; it must still reach every member, or they would wait for ever.
            var tag = pending.Tag;
            pending.Fail(() => new InvalidOperationException($"{tag}: moving the rows failed: {error.Message}", error));
            throw;
        }

        pending.Complete();
        lock (hub.Lock)
        {
            _idle.Push(pending);
        }
    }
}
