using Akka.Actor;
using Akka.Event;
using AkkaCp.Actors.Logic;
using AkkaCp.Actors.Protocol;

namespace AkkaCp.Actors.Coordinator;

/// <summary>The actor of a <see cref="CoordinatorLogic"/>.</summary>
internal sealed class CoordinatorActor : LogicActor
{
    private readonly CoordinatorContext _context;
    private readonly CoordinatorLogic _logic;

    /// <summary>Made through <see cref="Props"/>.</summary>
    public CoordinatorActor(CoordinatorContext context)
    {
        _context = context;
        try
        {
            _logic = new CoordinatorLogic(context, this);
        }
        catch (Exception cause)
        {
            // Its supervisor only stops what cannot be made; whoever waits for the ranks must hear of it.
            context.SetFailed($"the coordinator cannot be made: {cause.Message}", cause);
            throw;
        }
    }

    /// <summary>How the program starts it.</summary>
    public static Props Props(CoordinatorContext context) => Akka.Actor.Props.Create(() => new CoordinatorActor(context));

    /// <inheritdoc/>
    protected override void PreStart()
    {
        if (_context.TryYield?.Invoke() == true)
            Become(_ => { });
        else
            _logic.Start();
    }

    /// <inheritdoc/>
    protected override bool Hear(object message, IActorRef sender)
    {
        if (message is CoordinatorProtocol.Tick)
            AgeFragments();
        return _logic.Hear(message, sender);
    }

    /// <inheritdoc/>
    protected override void PreRestart(Exception reason, object? message)
    {
        Log.Error(reason, "the coordinator failed at {0}; it starts anew", message?.GetType().Name ?? "no message");
        _context.SetFailed($"the coordinator failed: {reason.Message}", reason);
        base.PreRestart(reason, message);
    }

    /// <inheritdoc/>
    protected override void PostStop() => _logic.End();
}
