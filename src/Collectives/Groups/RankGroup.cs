using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Links;
using AkkaCp.Collectives.Wire;
using AkkaCp.Npu;

namespace AkkaCp.Collectives.Groups;

/// <summary>
/// A group as one process sees it: its own members meet here, and when all have come their blocks travel once to each of the other
/// processes. Where no other process takes part, the last caller moves the rows in memory, which is the same call in every other respect.
/// It takes the epoch's gate; what it is made of never does, and is called under it: <see cref="CallTable"/> has the calls and completes
/// them, <see cref="Meeting"/> holds them against each other and begins them, <see cref="Outbox"/> sends the blocks that
/// <see cref="BlockSchedule"/> lays down, <see cref="Inbox"/> receives. Rows move outside the gate (<see cref="RowMoves"/>): by the threads
/// of the links and, for what stays in the process, by the last caller. No thread of a link ever waits for a call.
/// </summary>
internal sealed class RankGroup
{
    private const string CancelledCall = "its call was cancelled";

    private readonly EpochGroups _epoch;
    private readonly BlockSchedule _schedule;
    private readonly Outbox _outbox;
    private readonly Inbox _inbox;
    private readonly Meeting _meeting;

    public RankGroup(EpochGroups epoch, GroupMap map)
    {
        (_epoch, Map) = (epoch, map);
        _schedule = new BlockSchedule(map, epoch.Options, epoch.Memory);
        _outbox = new Outbox(map, epoch.Number, epoch.Options.EagerBytes);
        Calls = new CallTable(map, _outbox, epoch.Time, map.Size > 1 ? epoch.CallTimeout : null);
        _inbox = new Inbox(map, Calls, _outbox, epoch.Options);
        _meeting = new Meeting(epoch, map, Calls, _schedule, _outbox, _inbox);
    }

    /// <summary>Who is in it, and where.</summary>
    public GroupMap Map { get; }

    /// <summary>Its calls; touched under the gate.</summary>
    public CallTable Calls { get; }

    /// <summary>Calls that wait or move, and faults remembered.</summary>
    public (int Open, int Remembered) Counts
    {
        get
        {
            lock (_epoch.Gate)
                return (Calls.Open, Calls.Remembered);
        }
    }

    /// <summary>Takes part in a collective; see <see cref="IRankGroup"/>.</summary>
    public ValueTask Join(
        int member, CollectiveTag tag, in CallShape shape, TensorView send, TensorView receive, CancellationToken cancellationToken)
    {
        Collective call;
        var task = ValueTask.CompletedTask;
        var isStarted = false;
        bool isAlone;
        lock (_epoch.Gate)
        {
            if (_meeting.Refusal(member, tag, shape, send, receive) is { } fault)
                return ValueTask.FromException(fault.ToException(Map.Name, tag));

            if (cancellationToken.IsCancellationRequested)
            {
                Calls.Kill(tag, CollectiveFault.Aborted(member, CancelledCall), tellPeers: true);
                return ValueTask.FromCanceled(cancellationToken);
            }

            call = Calls.FindOrOpen(tag, this);
            call.Add(member, shape, send, receive);
            isAlone = call is { IsLastHere: true, PeersAwaited: 0, PeersHere: 0 };
            if (isAlone)
            {
                Calls.Close(call);
            }
            else
            {
                var own = Calls.Rent(this);
                task = own.Begin(call, member);
                isStarted = call.IsLastHere && _meeting.TryBegin(call);
                own.CancelBy(cancellationToken);
            }
        }

        if (isAlone)
        {
            RunAlone(call);
        }
        else if (isStarted)
        {
            _outbox.Drive();
            Run(call, new Move(MoveKind.Local));
        }

        return task;
    }

    /// <summary>Ends a call whose token was cancelled, unless everyone has come: then its rows are on their way, and it completes by
    /// itself.</summary>
    public void Cancel(CallTask task, CancellationToken cancellationToken)
    {
        lock (_epoch.Gate)
        {
            // The task may serve another call already, of another token.
            if (task.Collective is { AllHere: false } call && task.Cancellation.Token == cancellationToken)
            {
                task.CancelledBy = cancellationToken;
                Calls.Kill(call.Tag, CollectiveFault.Aborted(task.Member, CancelledCall), tellPeers: true);
            }
        }
    }

    /// <summary>A call's time is over.</summary>
    public void GiveUp(Collective call)
    {
        lock (_epoch.Gate)
            Calls.GiveUp(call);
    }

    /// <summary>Takes a call's task back for another call.</summary>
    public void Return(CallTask task)
    {
        lock (_epoch.Gate)
            Calls.Return(task);
    }

    /// <summary>A member of this process leaves a step.</summary>
    public void Abort(int member, long epoch, long step, string reason)
    {
        var fault = CollectiveFault.Aborted(member, reason);
        lock (_epoch.Gate)
        {
            Calls.KillStep(epoch, step, fault);
            if (epoch == _epoch.Number)
                _outbox.TellAbort(step, member, fault);
        }
    }

    /// <summary>A frame of rows has left, or never will.</summary>
    public void Sent(Peer peer, Collective call, in FrameHeader header, bool wasSent)
    {
        bool goesOn;
        Move move;
        lock (_epoch.Gate)
        {
            Outbox.CountSent(peer, call, header, wasSent);
            goesOn = Calls.TryTake(call, out move);
        }

        if (goesOn)
            Run(call, move);
    }

    /// <summary>Takes a post or a block of a peer, and puts its rows where they belong.</summary>
    /// <exception cref="ProtocolException">The peer must not send this now.</exception>
    public void Receive(Peer peer, int slot, in FrameHeader header, FrameReader reader)
    {
        Arrival arrival;
        lock (_epoch.Gate)
            arrival = _meeting.Hear(this, slot, header) is { } call ? _inbox.Take(peer, slot, call, header) : default;

        if (header.Kind == FrameKind.Post)
            return;

        bool goesOn;
        Move move;
        try
        {
            Inbox.Read(peer, header, reader, arrival);
            lock (_epoch.Gate)
                goesOn = _inbox.TryArrive(peer, slot, header, arrival, out move);
        }
        catch
        {
            lock (_epoch.Gate)
                _inbox.Interrupt(peer, arrival);

            throw;
        }

        if (goesOn)
            Run(arrival.Call!, move);
    }

    // Moves the rows of a call whose members are all of this process. The call is closed, so that nothing else can end it meanwhile.
    private void RunAlone(Collective call)
    {
        CollectiveFault? bug = null;
        try
        {
            RowMoves.RunAlone(Map, call);
        }
        catch (Exception error)
        {
            // Shapes were checked; it must still reach every member, or they would wait for ever.
            bug = CollectiveFault.Aborted(Map.MemberAt(0), $"moving the rows failed: {error.Message}");
            throw;
        }
        finally
        {
            Calls.Complete(call, bug);
            lock (_epoch.Gate)
                Calls.Recycle(call);
        }
    }

    // Moves rows of a call that has begun, until there is nothing to move. The caller counts as one that moves.
    private void Run(Collective call, Move move)
    {
        bool goesOn;
        do
        {
            RowMoves.Run(Map, call, move);
            lock (_epoch.Gate)
            {
                Finish(call, move);
                goesOn = Calls.TryTake(call, out move);
            }
        }
        while (goesOn);
    }

    private void Finish(Collective call, in Move move)
    {
        _inbox.Free(move);
        call.Finish(move);
        if (call.Fault is null)
        {
            _schedule.PassOn(call, move);
            _outbox.SendReady(call);
        }
    }
}
