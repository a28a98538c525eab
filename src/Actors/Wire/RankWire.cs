using Akka.Actor;
using AkkaCp.Actors.Protocol;
using static AkkaCp.Actors.Protocol.RankProtocol;

namespace AkkaCp.Actors.Wire;

/// <summary>The rank protocol on the wire; plans and results are in <see cref="StepWire"/>.</summary>
internal static class RankWire
{
    private const int LeastRouteBytes = 18;

    public static void Write(this WireWriter to, Close close)
    {
        to.Long(close.Epoch);
        to.Duration(close.Timeout);
    }

    public static void Write(this WireWriter to, RunStep run)
    {
        to.Write(run.Plan);
        to.Sequence(run.Routes, route =>
        {
            to.Long(route.SequenceId);
            to.Id(route.RequestId);
            to.Ref(route.Edge);
        });
    }

    public static RunStep RunStep(this WireReader from) => new(from.StepPlan())
    {
        Routes = from.Sequence(LeastRouteBytes, () => new LogitsProtocol.Route(from.Long(), from.Id(), from.Ref() ?? ActorRefs.Nobody)),
    };

    public static void Write(this WireWriter to, Resend resend)
    {
        to.Long(resend.Epoch);
        to.Long(resend.Step);
    }

    public static void Write(this WireWriter to, IEvent happened)
    {
        to.Long(happened.Epoch);
        to.Int(happened.Rank);
    }

    public static void Write(this WireWriter to, OpenFailed failed)
    {
        to.Write((IEvent)failed);
        to.Text(failed.Message);
    }

    public static void Write(this WireWriter to, StepAccepted accepted)
    {
        to.Long(accepted.Epoch);
        to.Long(accepted.Step);
        to.Int(accepted.Rank);
    }

    public static void Write(this WireWriter to, RankLost lost)
    {
        to.Write((IEvent)lost);
        to.Text(lost.Message);
    }
}
