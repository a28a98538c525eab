using AkkaCp.Collectives.Calls;

namespace AkkaCp.Collectives.Groups;

/// <summary>How the calls of a group complete: done, or with a fault that every member learns of. Called under the gate.</summary>
internal sealed class CallCompletion(GroupMap map, CallTable table, Outbox outbox)
{
    /// <summary>Ends a tag's call and every later one with a fault.</summary>
    public void Kill(CollectiveTag tag, CollectiveFault fault, bool tellPeers)
    {
        table.Remember(tag, fault);
        if (tellPeers)
        {
            outbox.TellFault(tag, fault);
        }

        if (table.Find(tag) is not { } collective)
        {
            return;
        }

        table.Close(collective);
        collective.Fault = fault;
        Outbox.DropHeld(collective);
        if (!collective.IsStarted)
        {
            // Once it has started, the last caller gives them back.
            foreach (var staged in collective.Staged)
            {
                outbox.Release(map.Peers[staged.Slot], staged.Place);
            }
        }

        CompleteIfDone(collective);
    }

    /// <summary>A member of this process leaves a step: ends the calls of it that wait for somebody.</summary>
    public void KillStep(long epoch, long step, CollectiveFault fault)
    {
        table.Remember(epoch, step, fault);
        foreach (var collective in table.AllOf(epoch, step))
        {
            // When everyone has come the rows are on their way, and peers count on them.
            if (!collective.AllHere)
            {
                Kill(collective.Tag, fault, tellPeers: true);
            }
        }
    }

    /// <summary>A member of a peer has left a step: ends the calls of it that the peer has not announced.</summary>
    public void KillStepOf(int slot, long epoch, long step, CollectiveFault fault)
    {
        table.Remember(epoch, step, fault);
        foreach (var collective in table.AllOf(epoch, step))
        {
            // What the peer has announced it finishes, or ends by itself.
            if (!collective.HasAnnounced(slot) && !collective.AllHere)
            {
                Kill(collective.Tag, fault, tellPeers: false);
            }
        }
    }

    /// <summary>A peer is gone, and with it every call.</summary>
    public void KillAll(int[] members, string reason)
    {
        table.Lost ??= CollectiveFault.Lost(members, reason, TimeSpan.Zero);
        foreach (var collective in table.All())
        {
            Kill(collective.Tag, CollectiveFault.Lost(members, reason, table.Age(collective)), tellPeers: true);
        }
    }

    /// <summary>This process closes the epoch: ends every call, and refuses later ones. The peers hear it from the links.</summary>
    public void Close()
    {
        var fault = CollectiveFault.Lost(map.MembersHere(), "this process closed the epoch", TimeSpan.Zero);
        table.Lost = fault;
        foreach (var collective in table.All())
        {
            Kill(collective.Tag, fault, tellPeers: false);
        }
    }

    /// <summary>Completes the members' calls when no thread touches their tensors any more,
    /// and nothing is left to do or to hope for.</summary>
    public void CompleteIfDone(Collective collective)
    {
        if (collective.Moving > 0 || !(collective.Fault is not null || collective.IsDone))
        {
            return;
        }

        if (collective.Fault is null)
        {
            table.Close(collective);
        }

        Complete(collective, collective.Fault);
        table.Recycle(collective);
    }

    /// <summary>Completes the members' calls. Of a closed collective that nobody else can reach, outside the gate.</summary>
    public void Complete(Collective collective, CollectiveFault? fault)
    {
        foreach (ref readonly var call in collective.Calls.AsSpan())
        {
            if (call.Task is { } task)
            {
                task.Leave();
                if (fault is null)
                {
                    task.Succeed();
                }
                else
                {
                    task.Fail(fault.ToException(map.Name, collective.Tag));
                }
            }
        }
    }
}
