using AkkaCp.Pipeline.Topology;

namespace AkkaCp.Pipeline.Groups;

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
    public Task Join(CollectiveTag tag, CollectiveCall call, CancellationToken cancellationToken)
    {
        PendingCollective pending;
        lock (hub.Lock)
        {
            // Before anything that others did: a wrong group is this caller's mistake, whatever became of the step.
            if (tag.Kind.Home() is { } home && home != Kind)
            {
                var wrongGroup = Wrong(tag, call.Member, $"a group of kind {home.Name()} for {tag.Kind}", Name);
                hub.Kill(tag, this, wrongGroup);
                return Task.FromException(wrongGroup());
            }

            if (Fault(tag) is { } fault)
            {
                return Task.FromException(fault());
            }

            if (cancellationToken.IsCancellationRequested)
            {
                Kill(tag, Left(tag, call.Member, "its call was cancelled"));
                return Task.FromCanceled(cancellationToken);
            }

            if (Mismatch(tag, call) is { } mismatch)
            {
                hub.Kill(tag, this, mismatch);
                return Task.FromException(mismatch());
            }

            pending = Open(tag);
            var waiter = pending.Add(call);
            if (!pending.IsComplete)
            {
                StartTimer(pending);
                RegisterCancellation(pending, waiter, cancellationToken);
                return waiter.Ended.Task;
            }

            Close(pending);
        }

        return Move(pending);
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

    private Func<Exception>? Mismatch(CollectiveTag tag, CollectiveCall call)
    {
        if (call.Problem(Size) is { } problem)
        {
            return Error(problem.Expected, problem.Found);
        }

        if (hub.KindInUse(tag) is { } kind && kind != Kind)
        {
            return Error($"a group of kind {kind.Name()}, where others wait under the same tag", Name);
        }

        if (!_pending.TryGetValue(tag, out var pending))
        {
            return null;
        }

        if (pending.Has(call.Member))
        {
            return Error("one call from each member", "a second one");
        }

        var first = pending.AnyCall!;
        return first.AgreesWith(call) ? null : Error($"{first} as on member {first.Member}", call.ToString());

        Func<Exception> Error(string expected, string found) => Wrong(tag, call.Member, expected, found);
    }

    private Func<Exception> Wrong(CollectiveTag tag, int member, string expected, string found) =>
        () => new CollectiveMismatchException(Name, tag, member, expected, found);

    private PendingCollective Open(CollectiveTag tag)
    {
        if (!_pending.TryGetValue(tag, out var pending))
        {
            pending = new PendingCollective(tag, Size, hub.Time.GetTimestamp());
            _pending.Add(tag, pending);
            hub.Use(tag, Kind);
        }

        return pending;
    }

    private void Close(PendingCollective pending)
    {
        _pending.Remove(pending.Tag);
        hub.Unuse(pending.Tag);
        pending.Timer?.Dispose();
    }

    private void StartTimer(PendingCollective pending)
    {
        if (hub.Timeout != Timeout.InfiniteTimeSpan)
        {
            pending.Timer ??= hub.Time.CreateTimer(GiveUp, pending, hub.Timeout, Timeout.InfiniteTimeSpan);
        }
    }

    private void RegisterCancellation(PendingCollective pending, PendingCollective.Waiter waiter, CancellationToken cancellationToken)
    {
        if (cancellationToken.CanBeCanceled)
        {
            // Runs at once, inside the lock, when the token was cancelled meanwhile.
            waiter.Registration = cancellationToken.UnsafeRegister(
                (_, token) => Cancel(pending, waiter, token), null);
        }
    }

    private void Cancel(PendingCollective pending, PendingCollective.Waiter waiter, CancellationToken cancellationToken)
    {
        lock (hub.Lock)
        {
            if (IsWaiting(pending))
            {
                waiter.Ended.TrySetCanceled(cancellationToken);
                Kill(pending.Tag, Left(pending.Tag, waiter.Call.Member, "its call was cancelled"));
            }
        }
    }

    private void GiveUp(object? state)
    {
        var pending = (PendingCollective)state!;
        lock (hub.Lock)
        {
            if (IsWaiting(pending))
            {
                int[] missing = [.. pending.Missing];
                var waited = hub.Time.GetElapsedTime(pending.StartedAt);
                Kill(pending.Tag, () => new PeerLostException(Name, pending.Tag, missing, waited));
            }
        }
    }

    private bool IsWaiting(PendingCollective pending) =>
        _pending.TryGetValue(pending.Tag, out var current) && ReferenceEquals(current, pending);

    private static Task Move(PendingCollective pending)
    {
        try
        {
            CollectiveMoves.Run(pending.Calls());
        }
        catch (Exception error)
        {
            // A bug, for shapes were checked; it must still reach every member, or they would wait for ever.
            pending.Fail(() => new InvalidOperationException($"{pending.Tag}: moving the rows failed: {error.Message}", error));
            throw;
        }

        pending.Complete();
        return Task.CompletedTask;
    }
}
