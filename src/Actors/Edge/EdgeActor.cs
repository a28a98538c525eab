using Akka.Actor;
using AkkaCp.Actors.Protocol;

namespace AkkaCp.Actors.Edge;

/// <summary>
/// Stands for one request's client: turns messages into calls of <see cref="EdgeState"/>, and what comes back into Tells and replies on a
/// channel. It watches nobody: a link that is cut for a while must not end the request, nor get a client's whole process shut out.
/// </summary>
internal sealed class EdgeActor : ReceiveActor, IWithTimers
{
    private readonly IActorRef _locator;
    private readonly GenerationProtocol.Submit _submit;
    private readonly ReplyBuffer _replies;
    private readonly EdgeRules _rules;
    private EdgeState? _state;
    private IActorRef? _coordinator;

    /// <summary>Made through <see cref="Props"/>.</summary>
    public EdgeActor(IActorRef locator, GenerationProtocol.Submit submit, ReplyBuffer replies, EdgeRules rules)
    {
        (_locator, _submit, _replies, _rules) = (locator, submit, replies, rules);
        Receive<NodeProtocol.Located>(Located);
        Receive<GenerationProtocol.IReply>(reply => reply.RequestId == submit.RequestId && !reply.IsTerminal, reply => Turn(state => state.Heard(reply)));
        Receive<EdgeProtocol.Ended>(
            ended => ended.RequestId == submit.RequestId, ended => Turn(state => state.Ended(ended, Sender.Equals(_coordinator))));
        Receive<EdgeProtocol.Waiting>(Concerns, _ => Turn(state => state.Waiting()));
        Receive<EdgeProtocol.Unknown>(Concerns, _ => Turn(state => state.Unknown()));
        Receive<GenerationProtocol.Cancel>(_ => Turn(state => state.Cancel()));
        Receive<Tick>(_ =>
        {
            TickLater();
            Turn(state => state.Tick());
        });
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>How a request is started.</summary>
    /// <param name="locator">Answers <see cref="NodeProtocol.Locate"/>.</param>
    /// <param name="submit">The request.</param>
    /// <param name="replies">Takes the replies.</param>
    /// <param name="rules">How patient it is.</param>
    public static Props Props(IActorRef locator, GenerationProtocol.Submit submit, ReplyBuffer replies, EdgeRules rules) =>
        Akka.Actor.Props.Create(() => new EdgeActor(locator, submit, replies, rules));

    /// <inheritdoc/>
    protected override void PreStart()
    {
        TickLater();
        Take(EdgeState.Begin(_submit, _rules));
    }

    /// <inheritdoc/>
    protected override void PostStop() => _replies.Write(
        new GenerationProtocol.Failed(_submit.RequestId, FailureKind.ShuttingDown, "the engine is shutting down"));

    private bool Concerns(EdgeProtocol.IEdgeMessage message) => message.RequestId == _submit.RequestId && Sender.Equals(_coordinator);

    private void Located(NodeProtocol.Located located)
    {
        if (located.Coordinator is not { } found)
            return;
        var isSame = found.Equals(_coordinator);
        _coordinator = found;
        Turn(state => state.Located(isSame));
    }

    private void Turn(Func<EdgeState, EdgeTurn> next) => Take(next(_state!));

    private void Take(EdgeTurn turn)
    {
        _state = turn.State;
        foreach (var effect in turn.Effects)
            Do(effect);
        if (_state.HasEnded)
            Context.Stop(Self);
    }

    private void Do(EdgeEffect effect)
    {
        switch (effect)
        {
            case EdgeEffect.Locate:
                _locator.Tell(NodeProtocol.Locate.Instance);
                break;
            case EdgeEffect.Send send:
                _coordinator.Tell(send.Command);
                break;
            case EdgeEffect.Give give:
                _replies.Write(give.Reply);
                break;
        }
    }

    private void TickLater() => Timers.StartSingleTimer(Tick.Instance, Tick.Instance, EdgeRules.Tick);

    private sealed class Tick : INoSerializationVerificationNeeded
    {
        public static readonly Tick Instance = new();
    }
}
