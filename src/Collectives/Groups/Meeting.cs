using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Topology;
using AkkaCp.Collectives.Wire;
using AkkaCp.Npu;

namespace AkkaCp.Collectives.Groups;

/// <summary>
/// Where calls of this process and announcements of others meet: holds them against each other, ends on every member what does not fit, and
/// begins a call that all members of this process have made. Called under the gate.
/// </summary>
internal sealed class Meeting(
    EpochGroups epoch, GroupMap map, CallTable calls, BlockSchedule schedule, Outbox outbox, Inbox inbox)
{
    // Calls that peers have announced and nobody here has made; pipelines are a few steps apart.
    private const int MaxOpen = 1024;

    /// <summary>Why a member's call cannot take part; it is dead for everybody then. Null when it can.</summary>
    public CollectiveFault? Refusal(int member, CollectiveTag tag, in CallShape shape, TensorView send, TensorView receive)
    {
        // Before anything that others did: a wrong group is this caller's mistake, whatever became of the step.
        var mistake = Misplaced(member, tag);
        if (mistake is null && calls.FaultOf(tag) is { } fault)
            return fault;

        mistake ??= shape.Problem(map.Size, member, send, receive) is { } problem
            ? CollectiveFault.Mismatch(member, problem.Expected, problem.Found)
            : Misused(member, tag) ?? Disagreement(member, tag, shape);
        if (mistake is not null)
            KillEverywhere(tag, mistake);

        return mistake;
    }

    /// <summary>All members of this process have come: lays down what travels, queues what may go, and keeps the rest until its receiver
    /// has announced the call. The caller counts as one that moves until it has nothing to move. False when a peer means something else by
    /// the tag.</summary>
    public bool TryBegin(Collective call)
    {
        for (var slot = 0; slot < map.Peers.Length; slot++)
        {
            if (Disagreement(call, slot) is { } mismatch)
            {
                calls.Kill(call.Tag, mismatch, tellPeers: true);
                return false;
            }
        }

        schedule.Begin(call);
        if (inbox.TakeStaged(call) is { } breach)
        {
            calls.Kill(call.Tag, breach, tellPeers: true);
            return false;
        }

        call.IsStarted = true;
        call.Moving++;
        outbox.Begin(call);
        return true;
    }

    /// <summary>The call of a peer's post or block, opened and announced where that is new; null when it has failed, or fails with this
    /// frame.</summary>
    /// <exception cref="ProtocolException">The peer must not send this now.</exception>
    public Collective? Hear(RankGroup group, int slot, in FrameHeader header)
    {
        if (calls.FaultOf(header.Tag) is not null)
            return null;

        if ((Misplaced(header.Member, header.Tag) ?? Misused(header.Member, header.Tag)) is { } mistake)
        {
            KillEverywhere(header.Tag, mistake);
            return null;
        }

        if (calls.Open >= MaxOpen && calls.Find(header.Tag) is null)
            throw new ProtocolException($"{header.Tag} in {map.Name}, where {calls.Open} calls are open");

        var call = calls.FindOrOpen(header.Tag, group);
        return call.HasAnnounced(slot) || TryHear(call, slot, header) ? call : null;
    }

    // Takes a peer's announcement. False when it means something else: the call has ended, and may serve another tag by then.
    private bool TryHear(Collective call, int slot, in FrameHeader header)
    {
        call.Add(slot, header);
        if (!call.IsStarted)
            return true;

        if (Disagreement(call, slot) is { } mismatch)
        {
            calls.Kill(call.Tag, mismatch, tellPeers: true);
            return false;
        }

        outbox.Announce(call, slot);
        outbox.SendReady(call);
        return true;
    }

    // Whether a tag is for another kind of group, or for another epoch.
    private CollectiveFault? Misplaced(int member, CollectiveTag tag)
    {
        if (tag.Kind.Home() is { } home && home != map.Kind)
            return CollectiveFault.Mismatch(member, $"a group of kind {home.Name()} for {tag.Kind}", map.Name);

        return tag.Epoch == epoch.Number
            ? null
            : CollectiveFault.Mismatch(member, $"a call of epoch {epoch.Number}", $"one of epoch {tag.Epoch}");
    }

    // Whether a tag without a home is in use on another kind of group.
    private CollectiveFault? Misused(int member, CollectiveTag tag) => epoch.KindInUse(tag, map.Kind) is { } other
        ? CollectiveFault.Mismatch(member, $"a group of kind {other.Name()}, where others wait under the same tag", map.Name)
        : null;

    // Whether a member means something else than those of this process that have come, or has come before.
    private CollectiveFault? Disagreement(int member, CollectiveTag tag, in CallShape shape)
    {
        if (calls.Find(tag) is not { CallsHere: > 0 } call)
            return null;

        if (call.Calls[map.PlaceOf(member)].HasCome)
            return CollectiveFault.Mismatch(member, "one call from each member", "a second one");

        return shape.Signature() == call.Signature ? null : CollectiveFault.Mismatch(member, MeantHere(call), shape.ToString());
    }

    // Whether a peer has announced something else than was called here. Not when it has announced nothing.
    private CollectiveFault? Disagreement(Collective call, int slot)
    {
        ref readonly var theirs = ref call.Announcements[slot];
        if (theirs.Kind == 0 || (theirs.Signature == call.Signature && map.Involves(call.Shape, slot)))
            return null;

        var found = $"{theirs.Operation} of {theirs.Rows} rows of {theirs.RowLength} {theirs.DType}, or other row counts or members";
        return CollectiveFault.Mismatch(theirs.Member, MeantHere(call), found);
    }

    private string MeantHere(Collective call) => $"{call.Shape} as on member {map.MemberAt(call.FirstPlace)}";

    // With the wrong group in play, peers of whoever waits under the tag in other groups may never come.
    private void KillEverywhere(CollectiveTag tag, CollectiveFault fault)
    {
        calls.Kill(tag, fault, tellPeers: true);
        epoch.KillCalls(tag, fault);
    }
}
