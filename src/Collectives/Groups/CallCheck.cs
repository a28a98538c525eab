using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Topology;
using AkkaCp.Npu;

namespace AkkaCp.Collectives.Groups;

/// <summary>Whether calls of this process and announcements of others can be what they say. Called under the gate.</summary>
/// <param name="map">The group.</param>
/// <param name="table">Its calls.</param>
/// <param name="epoch">The epoch's number.</param>
/// <param name="kindInUse">The kind of another group in which members of this process wait under a tag; null when none do.</param>
internal sealed class CallCheck(GroupMap map, CallTable table, long epoch, Func<CollectiveTag, GroupKind, GroupKind?> kindInUse)
{
    /// <summary>Whether a tag is for another kind of group, or for another epoch.</summary>
    public CollectiveFault? Misplaced(int member, CollectiveTag tag)
    {
        if (tag.Kind.Home() is { } home && home != map.Kind)
        {
            return CollectiveFault.Mismatch(member, $"a group of kind {home.Name()} for {tag.Kind}", map.Name);
        }

        return tag.Epoch == epoch ? null : CollectiveFault.Mismatch(member, $"a call of epoch {epoch}", $"one of epoch {tag.Epoch}");
    }

    /// <summary>Whether a tag without a home is in use on another kind of group.</summary>
    public CollectiveFault? Misused(int member, CollectiveTag tag) => kindInUse(tag, map.Kind) is { } other
        ? CollectiveFault.Mismatch(member, $"a group of kind {other.Name()}, where others wait under the same tag", map.Name)
        : null;

    /// <summary>What is wrong with a member's call, by itself and beside the other calls of the tag; null when nothing is.</summary>
    public CollectiveFault? Mistake(int member, CollectiveTag tag, in CallShape shape, TensorView send, TensorView receive)
    {
        if (shape.Problem(map.Size, member, send, receive) is { } problem)
        {
            return CollectiveFault.Mismatch(member, problem.Expected, problem.Found);
        }

        if (Misused(member, tag) is { } misuse)
        {
            return misuse;
        }

        if (table.Find(tag) is not { CallsHere: > 0 } collective)
        {
            return null;
        }

        if (collective.Calls[map.PlaceOf(member)].HasCome)
        {
            return CollectiveFault.Mismatch(member, "one call from each member", "a second one");
        }

        return shape.Signature() == collective.Signature
            ? null
            : CollectiveFault.Mismatch(member, $"{collective.Shape} as on member {map.MemberAt(collective.FirstPlace)}", shape.ToString());
    }

    /// <summary>Whether a peer has announced something else than was called here; null when not,
    /// or when it has announced nothing.</summary>
    public CollectiveFault? Disagreement(Collective collective, int slot)
    {
        ref readonly var theirs = ref collective.Announcements[slot];
        if (theirs.Kind == 0 || (theirs.Signature == collective.Signature && map.Involves(collective.Shape, slot)))
        {
            return null;
        }

        var found = $"{theirs.Operation} of {theirs.Rows} rows of {theirs.RowLength} {theirs.DType}, or other row counts or members";
        return CollectiveFault.Mismatch(theirs.Member, $"{collective.Shape} as on member {map.MemberAt(collective.FirstPlace)}", found);
    }

    /// <summary>Members that a call waits for.</summary>
    public int[] Missing(Collective collective) => [.. Enumerable.Range(0, map.Size)
        .Where(member => collective.Shape.Involves(member) && !(map.IsLocal(member)
            ? collective.Calls[map.PlaceOf(member)].HasCome
            : collective.HasAnnounced(map.SlotOf(member))))];
}
