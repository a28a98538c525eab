using AkkaCp.Actors.Protocol;
using static AkkaCp.Actors.Protocol.NodeProtocol;

namespace AkkaCp.Actors.Wire;

/// <summary>The node protocol on the wire.</summary>
internal static class NodeWire
{
    private const int LeastPlaceBytes = 3;
    private const int LeastReportBytes = 20;

    public static void Write(this WireWriter to, Heartbeat heartbeat)
    {
        to.Id(heartbeat.Incarnation);
        to.Write(heartbeat.Offer);
        to.Write(heartbeat.Facts);
        to.Write(heartbeat.Status);
        to.Ints(heartbeat.Loaded);
        to.Long(heartbeat.HighestEpoch);
        to.Long(heartbeat.Work);
        to.Write(heartbeat.Hashes);
    }

    public static Heartbeat Heartbeat(this WireReader from) =>
        new(from.Id(), from.Offer(), from.Facts(), from.Status(), from.Ints(), from.Long(), from.Long(), from.Mark());

    public static void Write(this WireWriter to, NodeOffer offer)
    {
        to.Text(offer.Name);
        to.Text(offer.DataEndpoint);
        to.Int(offer.Places);
        to.Long(offer.MemoryBytes);
        to.Text(offer.Device);
        to.Int(offer.KvBlocks);
    }

    public static NodeOffer Offer(this WireReader from) => new(from.Text(), from.Text(), from.Int(), from.Long(), from.Text(), from.Int());

    public static void Write(this WireWriter to, GroupFacts facts)
    {
        to.Write(facts.Model);
        to.Text(facts.Tensors);
        to.Text(facts.Layout);
        to.Text(facts.DType);
        to.Text(facts.Kernels);
        to.Int(facts.KvBlocks);
        to.Int(facts.KvBlockTokens);
        to.Int(facts.Protocol);
    }

    public static GroupFacts Facts(this WireReader from) =>
        new(from.ModelFacts(), from.Text(), from.Text(), from.Text(), from.Text(), from.Int(), from.Int(), from.Int());

    public static void Write(this WireWriter to, NodeStatus status)
    {
        to.Word(status.State);
        to.Ints(status.Ranks);
        to.Double(status.LoadProgress);
        to.Long(status.Epoch);
        to.Text(status.Message);
    }

    public static NodeStatus Status(this WireReader from) =>
        new(from.Word<NodeState>(), from.Ints(), from.Double(), from.Long(), from.Text());

    public static void Write(this WireWriter to, EpochTable table)
    {
        to.Long(table.Epoch);
        to.Id(table.Formation);
        to.Sequence(table.Places, place =>
        {
            to.Int(place.Rank);
            to.Text(place.Node);
            to.Text(place.DataEndpoint);
        });
    }

    public static EpochTable Table(this WireReader from) => new(
        from.Long(), from.Id(), from.Sequence(LeastPlaceBytes, () => new RankPlace(from.Int(), from.Text(), from.Text())));

    public static void Write(this WireWriter to, Located located)
    {
        to.Ref(located.Coordinator);
        to.Write(located.Status);
    }

    public static Located Located(this WireReader from) => new(from.Ref(), from.Status());

    public static void Write(this WireWriter to, Probed probed)
    {
        to.Duration(probed.Control);
        to.Duration(probed.Data.RoundTrip);
        to.Double(probed.Data.BytesPerSecond);
        to.Optional(probed.Data.Error, to.Text);
    }

    public static Probed Probed(this WireReader from) =>
        new(from.Duration(), new DataLink(from.Duration(), from.Double(), from.Optional(from.Text)));

    public static void Write(this WireWriter to, ClusterStatus status)
    {
        to.Text(status.Coordinator);
        to.Write(status.Group);
        to.Int(status.WorldSize);
        to.Sequence(status.Nodes, node =>
        {
            to.Write(node.Offer);
            to.Text(node.Control);
            to.Write(node.Status);
            to.Write(node.Facts);
            to.Duration(node.Silence);
            to.Text(node.Refusal);
        });
    }

    public static ClusterStatus ClusterStatus(this WireReader from) => new(
        from.Text(), from.CoordinatorStatus(), from.Int(),
        from.Sequence(LeastReportBytes, () => new NodeReport(
            from.Offer(), from.Text(), from.Status(), from.Facts(), from.Duration(), from.Text())));

    private static void Write(this WireWriter to, CoordinatorStatus status)
    {
        to.Word(status.Phase);
        to.Long(status.Epoch);
        to.Int(status.Queued);
        to.Int(status.Running);
        to.Int(status.StepsInFlight);
        to.Long(status.StepsDone);
        to.Int(status.FreeKvBlocks);
        to.Int(status.TotalKvBlocks);
        to.Long(status.CachedTokens);
        to.Long(status.PutBacks);
    }

    private static CoordinatorStatus CoordinatorStatus(this WireReader from) => new(
        from.Word<CoordinatorPhase>(), from.Long(), from.Int(), from.Int(), from.Int(), from.Long(), from.Int(), from.Int(),
        from.Long(), from.Long());
}
