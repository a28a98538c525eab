using AkkaCp.Collectives.Calls;

namespace AkkaCp.Collectives.Groups;

/// <summary>
/// The calls of a group by tag: opens them, completes them, done or with a fault that every member learns of, and remembers why those
/// failed that did. What is behind a call that has ended serves later ones, so that a steady step allocates nothing. Called under the gate.
/// </summary>
/// <param name="map">The group.</param>
/// <param name="outbox">Tells its other processes of faults.</param>
/// <param name="time">The clock.</param>
/// <param name="limit">How long an open call waits for its members; null for ever.</param>
internal sealed class CallTable(GroupMap map, Outbox outbox, TimeProvider time, TimeSpan? limit)
{
    // Late members of a failed call come within the steps that are under way, and so do frames of a mistaken one; that is tens of tags.
    private const int RememberedTags = 256;

    private readonly Dictionary<CollectiveTag, Collective> _open = [];
    private readonly Stack<Collective> _spareCalls = new();
    private readonly Stack<CallTask> _spareTasks = new();
    private readonly BoundedMemory<CollectiveTag, CollectiveFault> _deadTags = new(RememberedTags);
    private readonly BoundedMemory<(long Epoch, long Step), CollectiveFault> _deadSteps = new(RememberedTags);

    // Ends every call from now on.
    private CollectiveFault? _lost;

    /// <summary>Calls that wait or move.</summary>
    public int Open => _open.Count;

    /// <summary>Faults kept for late members.</summary>
    public int Remembered => _deadTags.Count + _deadSteps.Count;

    /// <summary>Why a tag's call cannot be any more; null when it can.</summary>
    public CollectiveFault? FaultOf(CollectiveTag tag) =>
        _deadTags.TryGet(tag, out var fault) || _deadSteps.TryGet((tag.Epoch, tag.Step), out fault) ? fault : _lost;

    /// <summary>A tag's open call; null when there is none.</summary>
    public Collective? Find(CollectiveTag tag) => _open.GetValueOrDefault(tag);

    /// <summary>Whether members of this process wait under a tag.</summary>
    public bool IsCalled(CollectiveTag tag) => Find(tag) is { CallsHere: > 0 };

    /// <summary>A tag's open call, which begins with this where there is none; its time begins to count.</summary>
    public Collective FindOrOpen(CollectiveTag tag, RankGroup group)
    {
        if (!_open.TryGetValue(tag, out var call))
        {
            call = _spareCalls.TryPop(out var spare) ? spare : NewCall(group);
            call.Open(tag, time.GetTimestamp());
            _open.Add(tag, call);
            call.Timer?.Change(limit!.Value, Timeout.InfiniteTimeSpan);
        }

        return call;
    }

    /// <summary>No frame, no member and no timer finds the call any more.</summary>
    public void Close(Collective call)
    {
        _open.Remove(call.Tag);
        call.Timer?.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Takes a closed call back.</summary>
    public void Recycle(Collective call)
    {
        call.Reset();
        _spareCalls.Push(call);
    }

    /// <summary>What a member's call is awaited by.</summary>
    public CallTask Rent(RankGroup group) => _spareTasks.TryPop(out var spare) ? spare : new CallTask(group);

    /// <summary>Takes back a task whose result was taken.</summary>
    public void Return(CallTask task) => _spareTasks.Push(task);

    /// <summary>Rows for a thread to move next. Without any it lets go of the call, which completes if nothing else is left.</summary>
    public bool TryTake(Collective call, out Move move)
    {
        if (call.TryTake(out move))
            return true;

        call.Moving--;
        CompleteIfDone(call);
        return false;
    }

    /// <summary>Completes the members' calls when no thread touches their tensors any more,
    /// and nothing is left to do or to hope for.</summary>
    public void CompleteIfDone(Collective call)
    {
        if (call.Moving > 0 || !(call.Fault is not null || call.IsDone))
            return;

        if (call.Fault is null)
            Close(call);

        Complete(call, call.Fault);
        Recycle(call);
    }

    /// <summary>Completes the members' calls. Of a closed call that nobody else can reach, outside the gate.</summary>
    public void Complete(Collective call, CollectiveFault? fault)
    {
        foreach (ref readonly var member in call.Calls.AsSpan())
        {
            if (member.Task is { } task)
            {
                task.Leave();
                if (fault is null)
                    task.Succeed();
                else
                    task.Fail(fault.ToException(map.Name, call.Tag));
            }
        }
    }

    /// <summary>Ends a tag's call and every later one with a fault.</summary>
    public void Kill(CollectiveTag tag, CollectiveFault fault, bool tellPeers)
    {
        _deadTags.Add(tag, fault);
        if (tellPeers)
            outbox.TellFault(tag, fault);

        if (Find(tag) is { } call)
        {
            Close(call);
            call.Fault = fault;
            outbox.Drop(call);
            CompleteIfDone(call);
        }
    }

    /// <summary>A member leaves a step: ends the calls of the step that wait for somebody, and later ones.</summary>
    /// <param name="epoch">Epoch of the step.</param>
    /// <param name="step">The step.</param>
    /// <param name="fault">Why.</param>
    /// <param name="slot">The member's process; -1 for this one, which has to tell the others.</param>
    public void KillStep(long epoch, long step, CollectiveFault fault, int slot = -1)
    {
        _deadSteps.Add((epoch, step), fault);
        foreach (var call in All())
        {
            // When everyone has come the rows are on their way, and peers count on them. What a peer has announced it finishes itself.
            var isDecided = call.AllHere || (slot >= 0 && call.HasAnnounced(slot));
            if (call.Tag.Epoch == epoch && call.Tag.Step == step && !isDecided)
                Kill(call.Tag, fault, tellPeers: slot < 0);
        }
    }

    /// <summary>A peer is gone, and with it every call.</summary>
    public void KillAll(int[] members, string reason)
    {
        _lost ??= CollectiveFault.Lost(members, reason, TimeSpan.Zero);
        foreach (var call in All())
            Kill(call.Tag, CollectiveFault.Lost(members, reason, Age(call)), tellPeers: true);
    }

    /// <summary>This process closes the epoch: ends every call, and refuses later ones. The peers hear it from the links.</summary>
    public void KillAll()
    {
        _lost = CollectiveFault.Lost(map.MembersHere(), "this process closed the epoch", TimeSpan.Zero);
        foreach (var call in All())
            Kill(call.Tag, _lost, tellPeers: false);
    }

    /// <summary>A call's timer has fired: ends the call, unless the timer fired for the one before.</summary>
    public void GiveUp(Collective call)
    {
        if (Find(call.Tag) != call)
            return;

        if (limit!.Value - Age(call) is { Ticks: > 0 } left)
        {
            call.Timer!.Change(left, Timeout.InfiniteTimeSpan);
        }
        else if (!call.AllHere)
        {
            // When everyone has come, rows are on their way.
            Kill(call.Tag, CollectiveFault.Late(call.Missing(), Age(call)), tellPeers: true);
        }
    }

    // As they are now: killing takes them out.
    private Collective[] All() => [.. _open.Values];

    // Time since its first sign.
    private TimeSpan Age(Collective call) => time.GetElapsedTime(call.OpenedAt);

    private Collective NewCall(RankGroup group)
    {
        var call = new Collective(group);
        if (limit is not null)
        {
            call.Timer = time.CreateTimer(
                static state => ((Collective)state!).GiveUp(), call, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        return call;
    }
}
