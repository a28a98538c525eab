using Akka.Actor;
using Akka.Event;
using AkkaCp.Actors.Protocol;
using AkkaCp.Actors.Wire;

namespace AkkaCp.Actors.Logic;

/// <summary>An actor that decides nothing by itself: it puts large messages together and gives each message to its logic.</summary>
internal abstract class LogicActor : UntypedActor, IWithTimers, IActorPort
{
    private readonly FragmentAssembler _fragments = new();

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <inheritdoc/>
    public ILoggingAdapter Log { get; } = Context.GetLogger();

    IActorRef IActorPort.Self => Self;

    Guid IActorPort.NewId() => Guid.NewGuid();

    void IActorPort.TellLarge(IActorRef target, object message) => target.TellLarge(message, Self, Context.System);

    void IActorPort.StartTimer(string key, object message, TimeSpan after) => Timers.StartSingleTimer(key, message, after);

    void IActorPort.CancelTimer(string key) => Timers.Cancel(key);

    void IActorPort.CancelTimers() => Timers.CancelAll();

    void IActorPort.Stop() => Context.Stop(Self);

    /// <summary>Gives the logic a message.</summary>
    /// <returns>Whether the message is one of the logic's.</returns>
    protected abstract bool Hear(object message, IActorRef sender);

    /// <inheritdoc/>
    protected sealed override void OnReceive(object message)
    {
        if (message is FragmentProtocol.Fragment fragment)
            Put(fragment);
        else if (!Hear(message, Sender))
            Unhandled(message);
    }

    /// <summary>A second passed: what has waited too long for a fragment is dropped.</summary>
    protected void AgeFragments() => _fragments.Tick();

    private void Put(FragmentProtocol.Fragment fragment)
    {
        if (_fragments.Take(fragment, Context.System) is { } whole)
            Self.Tell(whole, Sender);
    }
}
