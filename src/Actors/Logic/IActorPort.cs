using Akka.Actor;
using Akka.Event;

namespace AkkaCp.Actors.Logic;

/// <summary>
/// What the logic of an actor needs of the actor around it. Whatever an actor decides is in its logic, an ordinary class that hears one
/// message at a time; so tests run a whole cluster of them in virtual time, without an actor system. Used on the actor's turn only.
/// </summary>
internal interface IActorPort
{
    /// <summary>The actor, as others know it.</summary>
    IActorRef Self { get; }

    /// <summary>The actor's log.</summary>
    ILoggingAdapter Log { get; }

    /// <summary>A new id, used once.</summary>
    Guid NewId();

    /// <summary>Tells a message of any size, as from the actor.</summary>
    void TellLarge(IActorRef target, object message);

    /// <summary>Has the actor hear a message after a time; takes the place of an earlier timer of that key.</summary>
    void StartTimer(string key, object message, TimeSpan after);

    /// <summary>Stops a timer; what it has sent is not heard any more either.</summary>
    void CancelTimer(string key);

    /// <summary>Stops all timers.</summary>
    void CancelTimers();

    /// <summary>Ends the actor behind this turn.</summary>
    void Stop();
}
