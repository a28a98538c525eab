using AkkaCp.Scheduling.Requests;
using static AkkaCp.Actors.Protocol.EdgeProtocol;

namespace AkkaCp.Actors.Wire;

/// <summary>The edge protocol on the wire.</summary>
internal static class EdgeWire
{
    public static void Write(this WireWriter to, HandIn handIn)
    {
        to.Write(handIn.Request);
        to.Optional(handIn.Client, to.Write);
    }

    public static HandIn HandIn(this WireReader from) => new(from.Submit(), from.Optional(from.ClientFacts));

    public static void Write(this WireWriter to, Poll poll)
    {
        to.Id(poll.RequestId);
        to.Int(poll.Known);
    }

    public static Poll Poll(this WireReader from) => new(from.Id(), from.Int());

    public static void Write(this WireWriter to, Waiting waiting)
    {
        to.Id(waiting.RequestId);
        to.Text(waiting.Missing);
    }

    public static Waiting Waiting(this WireReader from) => new(from.Id(), from.Text());

    public static void Write(this WireWriter to, Ended ended)
    {
        to.Id(ended.RequestId);
        to.Int(ended.Length);
        to.Bool(ended.Reply is GenerationProtocol.Failed);
        if (ended.Reply is GenerationProtocol.Failed failed)
            to.Write(failed);
        else
            to.Write((GenerationProtocol.Completed)ended.Reply);
    }

    public static Ended Ended(this WireReader from) =>
        new(from.Id(), from.Int(), from.Bool() ? from.Failed() : from.Completed());
}
