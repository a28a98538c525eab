using Akka.Actor;
using AkkaCp.Actors.Logic;

namespace AkkaCp.Actors.Edge;

/// <summary>The actor of an <see cref="EdgeLogic"/>.</summary>
internal sealed class EdgeActor : LogicActor
{
    private readonly EdgeLogic _logic;

    /// <summary>Made through <see cref="Props"/>.</summary>
    public EdgeActor(IActorRef locator, OpenRequest request, EdgeRules rules) => _logic = new EdgeLogic(locator, request, rules, this);

    /// <summary>How a request is started, or gone on with.</summary>
    /// <param name="locator">Answers <see cref="Protocol.NodeProtocol.Locate"/>.</param>
    /// <param name="request">The request.</param>
    /// <param name="rules">How patient it is.</param>
    public static Props Props(IActorRef locator, OpenRequest request, EdgeRules rules) =>
        Akka.Actor.Props.Create(() => new EdgeActor(locator, request, rules));

    /// <inheritdoc/>
    protected override void PreStart() => _logic.Start();

    /// <inheritdoc/>
    protected override void PostStop() => _logic.End();

    /// <inheritdoc/>
    protected override bool Hear(object message, IActorRef sender)
    {
        if (message is EdgeLogic.Tick)
            AgeFragments();
        return _logic.Hear(message, sender);
    }
}
