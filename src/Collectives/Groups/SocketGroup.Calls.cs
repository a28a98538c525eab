using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Topology;
using AkkaCp.Collectives.Wire;
using AkkaCp.Npu;

namespace AkkaCp.Collectives.Groups;

/// <summary>From a member's call to its end.</summary>
internal sealed partial class SocketGroup
{
    // Beyond that many system calls, waking the links' threads returns sooner.
    private const int MaxPeersDrivenByCaller = 3;

    private const string CancelledCall = "its call was cancelled";

    /// <summary>Floats of one row of a part, as a member gave them.</summary>
    public ReadOnlySpan<float> Addend(Collective collective, in SumPart part, int member, int row) => SlotOf(member) < 0
        ? collective.Calls[PlaceOf(member)].Send.RowF32(part.FirstRow + row)
        : collective.Scratch.View.RowF32(part.ScratchRow + (RemoteIndexOf(member) * part.Rows) + row);

    /// <summary>Puts finished sums where the members of this process want them.</summary>
    public void Store(Collective collective, in SumPart part, int row, int column, ReadOnlySpan<float> sums)
    {
        if (collective.Shape.Operation == GroupOperation.ReduceScatter)
        {
            sums.CopyTo(collective.Calls[PlaceOf(part.Owner)].Receive.RowF32(row)[column..]);
            return;
        }

        foreach (ref readonly var call in collective.Calls.AsSpan())
        {
            sums.CopyTo(call.Receive.RowF32(part.FirstRow + row)[column..]);
        }
    }

    // Why a call cannot take part; it is dead for everybody then. Null when it can.
    private CollectiveFault? Refusal(int member, CollectiveTag tag, in CallShape shape, TensorView send, TensorView receive)
    {
        // Before anything that others did: a wrong group is this caller's mistake, whatever became of the step.
        if (WrongGroup(member, tag) is { } wrong)
        {
            _mesh.KillEverywhere(tag, this, wrong);
            return wrong;
        }

        if (FaultOf(tag) is { } fault)
        {
            return fault;
        }

        if (Mistake(member, tag, shape, send, receive) is { } mistake)
        {
            _mesh.KillEverywhere(tag, this, mistake);
            return mistake;
        }

        return null;
    }

    private CollectiveFault? WrongGroup(int member, CollectiveTag tag)
    {
        if (tag.Kind.Home() is { } home && home != Kind)
        {
            return CollectiveFault.Mismatch(member, $"a group of kind {home.Name()} for {tag.Kind}", Name);
        }

        return tag.Epoch == _mesh.Epoch
            ? null
            : CollectiveFault.Mismatch(member, $"a call of epoch {_mesh.Epoch}", $"one of epoch {tag.Epoch}");
    }

    private CollectiveFault? FaultOf(CollectiveTag tag)
    {
        if (_deadTags.TryGet(tag, out var fault) || _deadSteps.TryGet((tag.Epoch, tag.Step), out fault))
        {
            return fault;
        }

        return _lost;
    }

    private CollectiveFault? Mistake(int member, CollectiveTag tag, in CallShape shape, TensorView send, TensorView receive)
    {
        if (shape.Problem(Size, member, send, receive) is { } problem)
        {
            return CollectiveFault.Mismatch(member, problem.Expected, problem.Found);
        }

        if (_mesh.KindInUse(tag, Kind) is { } other)
        {
            return CollectiveFault.Mismatch(member, $"a group of kind {other.Name()}, where others wait under the same tag", Name);
        }

        if (!_open.TryGetValue(tag, out var collective) || collective.CallsHere == 0)
        {
            return null;
        }

        if (collective.Calls[PlaceOf(member)].Task is not null)
        {
            return CollectiveFault.Mismatch(member, "one call from each member", "a second one");
        }

        return shape.Signature() == collective.Signature
            ? null
            : CollectiveFault.Mismatch(member, $"{collective.Shape} as on another member", shape.ToString());
    }

    private Collective Open(CollectiveTag tag)
    {
        if (!_open.TryGetValue(tag, out var collective))
        {
            collective = _spareCollectives.TryPop(out var spare) ? spare : new Collective(_local.Length, Peers.Length);
            collective.Open(tag, _mesh.Time.GetTimestamp());
            _open.Add(tag, collective);
        }

        return collective;
    }

    private CallTask Add(Collective collective, int member, in CallShape shape, TensorView send, TensorView receive)
    {
        if (collective.CallsHere++ == 0)
        {
            collective.Shape = shape;
            collective.Signature = shape.Signature();
        }

        var task = _spareTasks.TryPop(out var spare) ? spare : new CallTask(this);
        task.Collective = collective;
        task.Member = member;
        collective.Calls[PlaceOf(member)] = new LocalCall { Send = send, Receive = receive, Task = task };
        return task;
    }

    // All members of this process have come: sends what may go, and holds the rest until its receiver has announced the call. The caller
    // counts as one that moves until it has continued. False when a peer means something else by the tag.
    private bool TryStart(Collective collective)
    {
        for (var slot = 0; slot < Peers.Length; slot++)
        {
            if (Disagreement(collective, slot) is { } mismatch)
            {
                Kill(collective.Tag, mismatch, tellPeers: true);
                return false;
            }
        }

        collective.IsStarted = true;
        collective.Moving++;
        _isStarting = true;
        BlockPlan.Build(this, collective);
        for (var slot = 0; slot < Peers.Length; slot++)
        {
            Announce(collective, slot);
        }

        _isStarting = false;
        return true;
    }

    // Outside the gate: what the start has queued. In a small group the caller sends short frames itself.
    private void DrivePeers()
    {
        foreach (var peer in Peers)
        {
            peer.Send.Drive(Peers.Length <= MaxPeersDrivenByCaller);
        }
    }

    // What stays in the process moves on the last caller's thread, outside the gate.
    private void MoveHere(Collective collective)
    {
        CopyBetweenMembers(collective);
        foreach (var staged in collective.Staged)
        {
            ref readonly var block = ref collective.Inbound[collective.Find(staged.Slot, staged.Header)];
            Place(collective, block, Peers[staged.Slot].Arena.Bytes(staged.Place, staged.Header.Length));
        }

        lock (_mesh.Gate)
        {
            foreach (var staged in collective.Staged)
            {
                Release(Peers[staged.Slot], staged.Place);
                Finish(collective, collective.Find(staged.Slot, staged.Header));
            }

            // Whoever ends the collective must find its places given back.
            collective.Staged.Clear();
        }

        Continue(collective);
    }

    private void CopyBetweenMembers(Collective collective)
    {
        var operation = collective.Shape.Operation;
        var isGather = operation == GroupOperation.AllGather;
        if (!isGather && (operation != GroupOperation.Broadcast || SlotOf(collective.Shape.Root) >= 0))
        {
            return;
        }

        for (var place = 0; place < collective.Calls.Length; place++)
        {
            var member = MemberAt(place);
            if (isGather || member == collective.Shape.Root)
            {
                var send = collective.Calls[place].Send;
                var first = isGather ? collective.Shape.RowsBefore(member) : 0;
                foreach (ref readonly var to in collective.Calls.AsSpan())
                {
                    RowMoves.Copy(send, to.Receive.Slice(first, send.Rows));
                }
            }
        }
    }

    private void RegisterCancellation(Collective collective, int member, CancellationToken cancellationToken)
    {
        var task = collective.Calls[PlaceOf(member)].Task;
        if (cancellationToken.CanBeCanceled && task is not null && !collective.AllHere)
        {
            // Runs at once, inside the gate, when the token was cancelled meanwhile.
            task.Cancellation = cancellationToken.UnsafeRegister(
                static (state, token) => ((CallTask)state!).Cancel(token), task);
        }
    }

    /// <summary>Ends a call whose token was cancelled, unless everyone has come: then its rows are on their way, and it ends by itself.
    /// </summary>
    public void Cancel(CallTask task, CancellationToken cancellationToken)
    {
        lock (_mesh.Gate)
        {
            // The task may serve another call already, of another token.
            if (task.Collective is { AllHere: false } collective && task.Cancellation.Token == cancellationToken)
            {
                task.CancelledBy = cancellationToken;
                Kill(collective.Tag, CollectiveFault.Aborted(task.Member, CancelledCall), tellPeers: true);
            }
        }
    }
}
