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
    private readonly OpenRequest _request;
    private readonly EdgeRules _rules;
    private IActorRef? _coordinator;

    /// <summary>Made through <see cref="Props"/>.</summary>
    public EdgeActor(IActorRef locator, OpenRequest request, EdgeRules rules)
    {
        (_locator, _request, _rules) = (locator, request, rules);
        Receive<NodeProtocol.Located>(Located);
        Receive<GenerationProtocol.IReply>(
            reply => reply.RequestId == RequestId && !reply.IsTerminal, reply => Turn(state => state.Heard(reply)));
        Receive<EdgeProtocol.Ended>(
            ended => ended.RequestId == RequestId, ended => Turn(state => state.Ended(ended, Sender.Equals(_coordinator))));
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

    private Guid RequestId => _request.Submit.RequestId;

    /// <summary>How a request is started, or gone on with.</summary>
    /// <param name="locator">Answers <see cref="NodeProtocol.Locate"/>.</param>
    /// <param name="request">The request.</param>
    /// <param name="rules">How patient it is.</param>
    public static Props Props(IActorRef locator, OpenRequest request, EdgeRules rules) =>
        Akka.Actor.Props.Create(() => new EdgeActor(locator, request, rules));

    /// <inheritdoc/>
    protected override void PreStart()
    {
        TickLater();
        Take(_request.State?.Resume() ?? EdgeState.Begin(_request.Submit, _rules));
    }

    private bool Concerns(EdgeProtocol.IEdgeMessage message) => message.RequestId == RequestId && Sender.Equals(_coordinator);

    private void Located(NodeProtocol.Located located)
    {
        if (located.Coordinator is not { } found)
            return;
        var isSame = found.Equals(_coordinator);
        _coordinator = found;
        Turn(state => state.Located(isSame));
    }

    private void Turn(Func<EdgeState, EdgeTurn> next) => Take(next(_request.State!));

    private void Take(EdgeTurn turn)
    {
        _request.State = turn.State;
        foreach (var effect in turn.Effects)
            Do(effect);
        if (turn.State.HasEnded)
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
                _request.Replies.Write(give.Reply);
                break;
        }
    }

    private void TickLater() => Timers.StartSingleTimer(Tick.Instance, Tick.Instance, EdgeRules.Tick);

    private sealed class Tick : INoSerializationVerificationNeeded
    {
        public static readonly Tick Instance = new();
    }
}
