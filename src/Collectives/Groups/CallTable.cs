using AkkaCp.Collectives.Calls;

namespace AkkaCp.Collectives.Groups;

/// <summary>
/// The calls of a group by tag: the open ones, and why those failed that did. What is behind a call that has ended serves later ones, so
/// that a steady step allocates nothing. Called under the gate.
/// </summary>
/// <param name="makeCollective">Makes one when none is spare.</param>
/// <param name="makeTask">Makes one when none is spare.</param>
/// <param name="time">The clock.</param>
/// <param name="limit">How long an open call waits for its members; null for ever.</param>
internal sealed class CallTable(Func<Collective> makeCollective, Func<CallTask> makeTask, TimeProvider time, TimeSpan? limit)
{
    // Late members of a failed call come within the steps that are under way, and so do frames of a mistaken one; that is tens of tags.
    private const int RememberedTags = 256;

    private readonly Dictionary<CollectiveTag, Collective> _open = [];
    private readonly Stack<Collective> _spareCollectives = new();
    private readonly Stack<CallTask> _spareTasks = new();
    private readonly BoundedMemory<CollectiveTag, CollectiveFault> _deadTags = new(RememberedTags);
    private readonly BoundedMemory<(long Epoch, long Step), CollectiveFault> _deadSteps = new(RememberedTags);

    /// <summary>Calls that wait or move.</summary>
    public int Open => _open.Count;

    /// <summary>Faults kept for late members.</summary>
    public int Remembered => _deadTags.Count + _deadSteps.Count;

    /// <summary>What ends every call from now on; null while there is nothing of that kind.</summary>
    public CollectiveFault? Lost { get; set; }

    /// <summary>Why a tag's call cannot be any more; null when it can.</summary>
    public CollectiveFault? FaultOf(CollectiveTag tag) =>
        _deadTags.TryGet(tag, out var fault) || _deadSteps.TryGet((tag.Epoch, tag.Step), out fault) ? fault : Lost;

    /// <summary>Every later call of the tag ends with the fault.</summary>
    public void Remember(CollectiveTag tag, CollectiveFault fault) => _deadTags.Add(tag, fault);

    /// <summary>Every later call of the step ends with the fault.</summary>
    public void Remember(long epoch, long step, CollectiveFault fault) => _deadSteps.Add((epoch, step), fault);

    /// <summary>A tag's open call; null when there is none.</summary>
    public Collective? Find(CollectiveTag tag) => _open.GetValueOrDefault(tag);

    /// <summary>All open calls, as they are now.</summary>
    public Collective[] All() => [.. _open.Values];

    /// <summary>The open calls of a step, as they are now.</summary>
    public Collective[] AllOf(long epoch, long step) =>
        [.. _open.Values.Where(collective => collective.Tag.Epoch == epoch && collective.Tag.Step == step)];

    /// <summary>A tag's open call, which begins with this where there is none; its time begins to count.</summary>
    public Collective FindOrOpen(CollectiveTag tag)
    {
        if (!_open.TryGetValue(tag, out var collective))
        {
            collective = _spareCollectives.TryPop(out var spare) ? spare : makeCollective();
            collective.Open(tag, time.GetTimestamp());
            _open.Add(tag, collective);
            collective.Timer?.Change(limit!.Value, Timeout.InfiniteTimeSpan);
        }

        return collective;
    }

    /// <summary>No frame, no call and no timer finds it any more.</summary>
    public void Close(Collective collective)
    {
        _open.Remove(collective.Tag);
        collective.Timer?.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Takes a closed one back.</summary>
    public void Recycle(Collective collective)
    {
        collective.Reset();
        _spareCollectives.Push(collective);
    }

    /// <summary>Time since a call's first sign.</summary>
    public TimeSpan Age(Collective collective) => time.GetElapsedTime(collective.OpenedAt);

    /// <summary>Whether an open call's time is over. A timer that fired for the call before is set again.</summary>
    public bool IsOverdue(Collective collective)
    {
        if (!_open.TryGetValue(collective.Tag, out var open) || open != collective)
        {
            return false;
        }

        var left = limit!.Value - Age(collective);
        if (left > TimeSpan.Zero)
        {
            collective.Timer!.Change(left, Timeout.InfiniteTimeSpan);
        }

        return left <= TimeSpan.Zero;
    }

    /// <summary>What a member's call is awaited by.</summary>
    public CallTask Rent() => _spareTasks.TryPop(out var spare) ? spare : makeTask();

    /// <summary>Takes back one whose result was taken.</summary>
    public void Return(CallTask task) => _spareTasks.Push(task);
}
