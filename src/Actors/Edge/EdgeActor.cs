using Akka.Actor;
using AkkaCp.Actors.Protocol;

namespace AkkaCp.Actors.Edge;

/// <summary>
/// Stands for one request's client: submits it, writes the replies to a channel, and sees to it that exactly one terminal reply comes
/// last, whatever happens to the coordinator.
/// </summary>
internal sealed class EdgeActor : ReceiveActor
{
    private readonly IActorRef _coordinator;
    private readonly GenerationProtocol.Submit _submit;
    private readonly ReplyBuffer _replies;

    /// <summary>Made through <see cref="Props"/>.</summary>
    public EdgeActor(IActorRef coordinator, GenerationProtocol.Submit submit, ReplyBuffer replies)
    {
        (_coordinator, _submit, _replies) = (coordinator, submit, replies);
        Receive<GenerationProtocol.IReply>(reply => reply.RequestId == submit.RequestId, Write);
        Receive<GenerationProtocol.Cancel>(_coordinator.Tell);
        Receive<Terminated>(_ => Write(Fail(FailureKind.Fault, "the coordinator is gone")));
    }

    /// <summary>How a request is started.</summary>
    public static Props Props(IActorRef coordinator, GenerationProtocol.Submit submit, ReplyBuffer replies) =>
        Akka.Actor.Props.Create(() => new EdgeActor(coordinator, submit, replies));

    /// <inheritdoc/>
    protected override void PreStart()
    {
        Context.Watch(_coordinator);
        _coordinator.Tell(_submit);
    }

    /// <inheritdoc/>
    protected override void PostStop() => _replies.Write(Fail(FailureKind.ShuttingDown, "the engine is shutting down"));

    private void Write(GenerationProtocol.IReply reply)
    {
        _replies.Write(reply);
        if (reply.IsTerminal)
            Context.Stop(Self);
    }

    private GenerationProtocol.Failed Fail(FailureKind kind, string message) => new(_submit.RequestId, kind, message);
}
