using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Links;
using AkkaCp.Collectives.Wire;
using AkkaCp.Npu;

namespace AkkaCp.Collectives.Groups;

/// <summary>
/// A group as one process sees it: its own members meet here, and when all have come their blocks travel once to each of the other
/// processes. Where no other process takes part, the last caller moves the rows in memory, which is the same call in every other respect.
/// Takes the epoch's gate, for microseconds, as <see cref="CallRunner"/> does; the other classes of a group are called under it, and say
/// so. Rows move outside it: by the threads of the links and, for what stays in the process, by the last caller. No thread of a link ever
/// waits for a call.
/// </summary>
internal sealed class RankGroup
{
    private const string CancelledCall = "its call was cancelled";

    private readonly EpochGroups _epoch;
    private readonly GroupMap _map;
    private readonly CallTable _table;
    private readonly CallCheck _check;
    private readonly Outbox _outbox;
    private readonly BlockSchedule _schedule;
    private readonly CallCompletion _completion;
    private readonly Arrivals _arrivals;
    private readonly CallRunner _runner;

    public RankGroup(EpochGroups epoch, GroupMap map)
    {
        var limit = map.Size > 1 ? epoch.CallTimeout : null;
        _epoch = epoch;
        _map = map;
        _table = new CallTable(() => NewCollective(isTimed: limit is not null), () => new CallTask(this), epoch.Time, limit);
        _check = new CallCheck(map, _table, epoch.Number, epoch.KindInUse);
        _outbox = new Outbox(map, epoch.Number, epoch.Options.EagerBytes);
        _schedule = new BlockSchedule(map, _outbox, epoch.Options, epoch.Memory);
        _completion = new CallCompletion(map, _table, _outbox);
        _arrivals = new Arrivals(map, _table, _check, _completion, _outbox, _schedule, epoch.Options);
        _runner = new CallRunner(epoch.Gate, map, _table, _arrivals, _schedule, _completion);
    }

    /// <summary>Who is in it, and where.</summary>
    public GroupMap Map => _map;

    /// <summary>Calls that wait or move, and faults remembered.</summary>
    public (int Open, int Remembered) Counts
    {
        get
        {
            lock (_epoch.Gate)
            {
                return (_table.Open, _table.Remembered);
            }
        }
    }

    /// <summary>Takes part in a collective; see <see cref="IRankGroup"/>.</summary>
    public ValueTask Join(
        int member, CollectiveTag tag, in CallShape shape, TensorView send, TensorView receive, CancellationToken cancellationToken)
    {
        Collective collective;
        var task = ValueTask.CompletedTask;
        var isStarted = false;
        bool isAlone;
        lock (_epoch.Gate)
        {
            if (Refusal(member, tag, shape, send, receive) is { } fault)
            {
                return ValueTask.FromException(fault.ToException(_map.Name, tag));
            }

            if (cancellationToken.IsCancellationRequested)
            {
                _completion.Kill(tag, CollectiveFault.Aborted(member, CancelledCall), tellPeers: true);
                return ValueTask.FromCanceled(cancellationToken);
            }

            collective = _table.FindOrOpen(tag);
            Add(collective, member, shape, send, receive);
            isAlone = collective is { IsLastHere: true, PeersAwaited: 0, PeersHere: 0 };
            if (isAlone)
            {
                _table.Close(collective);
            }
            else
            {
                task = Wait(collective, member);
                isStarted = collective.IsLastHere && TryStart(collective);
                RegisterCancellation(collective, member, cancellationToken);
            }
        }

        if (isAlone)
        {
            _runner.RunAlone(collective);
        }
        else if (isStarted)
        {
            _outbox.Drive();
            _runner.RunStarted(collective);
        }

        return task;
    }

    /// <summary>Ends a call whose token was cancelled, unless everyone has come: then its rows are on their way, and it completes by
    /// itself.
    /// </summary>
    public void Cancel(CallTask task, CancellationToken cancellationToken)
    {
        lock (_epoch.Gate)
        {
            // The task may serve another call already, of another token.
            if (task.Collective is { AllHere: false } collective && task.Cancellation.Token == cancellationToken)
            {
                task.CancelledBy = cancellationToken;
                _completion.Kill(collective.Tag, CollectiveFault.Aborted(task.Member, CancelledCall), tellPeers: true);
            }
        }
    }

    /// <summary>A member of this process leaves a step.</summary>
    public void Abort(int member, long epoch, long step, string reason)
    {
        var fault = CollectiveFault.Aborted(member, reason);
        lock (_epoch.Gate)
        {
            _completion.KillStep(epoch, step, fault);
            if (epoch == _epoch.Number)
            {
                _outbox.TellAbort(step, member, fault);
            }
        }
    }

    /// <summary>Takes a call's task back for another call.</summary>
    public void Return(CallTask task)
    {
        lock (_epoch.Gate)
        {
            _table.Return(task);
        }
    }

    /// <summary>A frame of rows has left, or never will.</summary>
    public void Sent(Peer peer, Collective collective, in FrameHeader header, bool wasSent)
    {
        lock (_epoch.Gate)
        {
            Outbox.CountSent(peer, collective, header, wasSent);
        }

        _runner.Continue(collective);
    }

    /// <summary>A peer ended a call; it has told everybody.</summary>
    public void Fail(CollectiveTag tag, CollectiveFault fault)
    {
        lock (_epoch.Gate)
        {
            _completion.Kill(tag, fault, tellPeers: false);
        }
    }

    /// <summary>A member of a peer left a step.</summary>
    /// <exception cref="ProtocolException">The member is another process's.</exception>
    public void Aborted(int slot, in FrameHeader header, string reason)
    {
        if (header.Member >= _map.Size || _map.SlotOf(header.Member) != slot)
        {
            throw new ProtocolException($"an abort of member {header.Member}, which is not the peer's, in {_map.Name}");
        }

        lock (_epoch.Gate)
        {
            _completion.KillStepOf(slot, header.Tag.Epoch, header.Tag.Step, CollectiveFault.Aborted(header.Member, reason));
        }
    }

    /// <summary>Says where a frame's payload goes. Until the matching <see cref="Arrived"/> or <see cref="Interrupted"/> the call is kept.
    /// </summary>
    /// <exception cref="ProtocolException">The peer must not send this now.</exception>
    public Arrival Arrive(Peer peer, int slot, in FrameHeader header)
    {
        lock (_epoch.Gate)
        {
            var collective = _arrivals.Hear(slot, header, out var mismatch);
            if (mismatch is not null)
            {
                _epoch.KillEverywhere(header.Tag, this, mismatch);
            }

            return collective is null ? Arrivals.Unwanted(header) : _arrivals.Take(peer, slot, collective, header);
        }
    }

    /// <summary>A frame's payload is where <see cref="Arrive"/> said.</summary>
    public void Arrived(Peer peer, int slot, in FrameHeader header, in Arrival arrival)
    {
        switch (arrival.Kind)
        {
            case ArrivalKind.Unwanted:
                if (header.Eager)
                {
                    lock (_epoch.Gate)
                    {
                        _outbox.Consume(peer);
                    }
                }

                break;
            case ArrivalKind.Early:
                ArrivedEarly(peer, slot, header, arrival);
                break;
            case ArrivalKind.Wanted:
                ArrivedInPlace(peer, header, arrival);
                break;
        }
    }

    /// <summary>A frame's payload did not come whole; its link is about to be lost.</summary>
    public void Interrupted(Peer peer, in Arrival arrival)
    {
        if (arrival.Collective is not { } collective)
        {
            return;
        }

        lock (_epoch.Gate)
        {
            if (arrival.Kind == ArrivalKind.Early)
            {
                peer.Arena.Return(arrival.Place);
            }

            // Whoever loses the link kills the call; its block must not look as if it were here.
            collective.Moving--;
            _completion.CompleteIfDone(collective);
        }
    }

    /// <summary>Whether members of this process wait under a tag. Called under the gate.</summary>
    public bool IsCalled(CollectiveTag tag) => _table.Find(tag) is { CallsHere: > 0 };

    /// <summary>Ends a tag's call here and on the peers. Called under the gate.</summary>
    public void Kill(CollectiveTag tag, CollectiveFault fault) => _completion.Kill(tag, fault, tellPeers: true);

    /// <summary>A process is gone. Called under the gate.</summary>
    public void Lose(Peer peer)
    {
        if (_map.SlotOf(peer) is >= 0 and var slot)
        {
            _completion.KillAll(_map.MembersOf(slot), peer.Loss!.Reason);
        }
    }

    /// <summary>This process closes the epoch. Called under the gate.</summary>
    public void Close() => _completion.Close();

    private Collective NewCollective(bool isTimed)
    {
        var collective = new Collective(this, _map.LocalMembers, _map.Peers.Length);
        if (isTimed)
        {
            collective.Timer = _epoch.Time.CreateTimer(GiveUp, collective, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        return collective;
    }

    // A call's time is over.
    private void GiveUp(object? state)
    {
        var collective = (Collective)state!;
        lock (_epoch.Gate)
        {
            // When everyone has come, rows are on their way.
            if (_table.IsOverdue(collective) && !collective.AllHere)
            {
                var fault = CollectiveFault.Late(_check.Missing(collective), _table.Age(collective));
                _completion.Kill(collective.Tag, fault, tellPeers: true);
            }
        }
    }

    // Why a call cannot take part; it is dead for everybody then. Null when it can.
    private CollectiveFault? Refusal(int member, CollectiveTag tag, in CallShape shape, TensorView send, TensorView receive)
    {
        // Before anything that others did: a wrong group is this caller's mistake, whatever became of the step.
        var mistake = _check.Misplaced(member, tag);
        if (mistake is null && _table.FaultOf(tag) is { } fault)
        {
            return fault;
        }

        mistake ??= _check.Mistake(member, tag, shape, send, receive);
        if (mistake is not null)
        {
            _epoch.KillEverywhere(tag, this, mistake);
        }

        return mistake;
    }

    private void Add(Collective collective, int member, in CallShape shape, TensorView send, TensorView receive)
    {
        if (collective.CallsHere == 0)
        {
            var (calls, peers) = _map.AwaitedBy(shape);
            collective.Begin(shape, calls, peers);
        }

        collective.Add(_map.PlaceOf(member), send, receive);
    }

    private ValueTask Wait(Collective collective, int member)
    {
        var task = _table.Rent();
        (task.Collective, task.Member) = (collective, member);
        collective.Calls[_map.PlaceOf(member)].Task = task;
        return task.Task;
    }

    private void RegisterCancellation(Collective collective, int member, CancellationToken cancellationToken)
    {
        var task = collective.Calls[_map.PlaceOf(member)].Task;
        if (cancellationToken.CanBeCanceled && task is not null && !collective.AllHere)
        {
            // Runs at once, inside the gate, when the token was cancelled meanwhile.
            task.Cancellation = cancellationToken.UnsafeRegister(static (state, token) => ((CallTask)state!).Cancel(token), task);
        }
    }

    // All members of this process have come: sends what may go, and holds the rest until its receiver has announced the call. The caller
    // counts as one that moves until it has continued. False when a peer means something else by the tag.
    private bool TryStart(Collective collective)
    {
        for (var slot = 0; slot < _map.Peers.Length; slot++)
        {
            if (_check.Disagreement(collective, slot) is { } mismatch)
            {
                _completion.Kill(collective.Tag, mismatch, tellPeers: true);
                return false;
            }
        }

        collective.IsStarted = true;
        collective.Moving++;
        _outbox.IsHoldingBack = true;
        _schedule.Begin(collective);
        for (var slot = 0; slot < _map.Peers.Length; slot++)
        {
            _outbox.Announce(collective, slot);
        }

        _outbox.IsHoldingBack = false;
        return true;
    }

    private void ArrivedEarly(Peer peer, int slot, in FrameHeader header, in Arrival arrival)
    {
        var collective = arrival.Collective!;
        int place;
        lock (_epoch.Gate)
        {
            place = _arrivals.Stage(peer, slot, header, arrival);
        }

        if (place >= 0)
        {
            // The call was made while its rows were coming.
            RowMoves.Place(collective, collective.Inbound[place], peer.Arena.Bytes(arrival.Place, header.Length));
            lock (_epoch.Gate)
            {
                _outbox.Release(peer, arrival.Place);
                _arrivals.Finish(collective, place);
            }
        }

        _runner.Continue(collective);
    }

    private void ArrivedInPlace(Peer peer, in FrameHeader header, in Arrival arrival)
    {
        var collective = arrival.Collective!;
        RowMoves.CopyToTwins(collective, collective.Inbound[arrival.Place]);
        lock (_epoch.Gate)
        {
            if (header.Eager)
            {
                _outbox.Consume(peer);
            }

            _arrivals.Finish(collective, arrival.Place);
        }

        _runner.Continue(collective);
    }
}
