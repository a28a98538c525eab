using AkkaCp.Collectives.Wire;

namespace AkkaCp.Collectives.Groups;

/// <summary>
/// Runs a call that all members of this process have made: copies and sums its rows outside the gate, and lets it go on under it. Takes the
/// gate.
/// </summary>
internal sealed class CallRunner(
    Lock gate, GroupMap map, CallTable table, Arrivals arrivals, BlockSchedule schedule, CallCompletion completion)
{
    /// <summary>Moves the rows of a call whose members are all of this process. The call is closed, so that nothing else can end it
    /// meanwhile.</summary>
    public void RunAlone(Collective collective)
    {
        CollectiveFault? bug = null;
        try
        {
            RowMoves.Run(map, collective);
        }
        catch (Exception error)
        {
            // Shapes were checked; it must still reach every member, or they would wait for ever.
            bug = CollectiveFault.Aborted(map.MemberAt(0), $"moving the rows failed: {error.Message}");
            throw;
        }
        finally
        {
            completion.Complete(collective, bug);
            lock (gate)
            {
                table.Recycle(collective);
            }
        }
    }

    /// <summary>Moves what stays in the process of a call that has started, and what has come before.</summary>
    public void RunStarted(Collective collective)
    {
        if (collective.Shape.Operation == GroupOperation.AllGather)
        {
            RowMoves.Gather(map, collective);
        }

        if (collective.Staged.Count > 0)
        {
            foreach (var staged in collective.Staged)
            {
                ref readonly var block = ref collective.Inbound[collective.Find(staged.Slot, staged.Header)];
                RowMoves.Place(collective, block, map.Peers[staged.Slot].Arena.Bytes(staged.Place, staged.Header.Length));
            }

            lock (gate)
            {
                arrivals.FinishStaged(collective);
            }
        }

        Continue(collective);
    }

    /// <summary>Sums what is ready, then lets go of the collective, which completes if nothing else is left. The caller counts as one that
    /// moves.</summary>
    public void Continue(Collective collective)
    {
        while (TryTakePart(collective, out var part))
        {
            RowMoves.Sum(map, collective, part);
            lock (gate)
            {
                collective.PartsToSum--;
                if (collective.Fault is null)
                {
                    schedule.PassOn(collective, part);
                }
            }
        }
    }

    private bool TryTakePart(Collective collective, out SumPart part)
    {
        lock (gate)
        {
            var ready = collective is { Fault: null, IsStarted: true } ? collective.TakePart() : -1;
            if (ready >= 0)
            {
                part = collective.Parts[ready];
                return true;
            }

            part = default;
            collective.Moving--;
            completion.CompleteIfDone(collective);
            return false;
        }
    }
}
