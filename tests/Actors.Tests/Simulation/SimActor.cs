using Akka.Actor;
using Akka.Event;
using AkkaCp.Actors.Logic;

namespace AkkaCp.Actors.Tests.Simulation;

/// <summary>An actor without an actor system: what its logic tells goes through the simulated network,
/// its timers through virtual time.</summary>
internal class SimActor : MinimalActorRef, IActorPort
{
    private readonly Dictionary<string, long> _timers = [];
    private readonly string _name;
    private Func<object, IActorRef, bool> _hear = (_, _) => true;
    private Action _end = () => { };
    private long _timersStarted;
    private bool _isStopping;

    public SimActor(SimProcess process, string name)
    {
        (Process, _name) = (process, name);
        Path = new RootActorPath(process.Address) / "user" / $"{name}-{process.World.NextActor()}";
    }

    public SimProcess Process { get; }

    public bool HasEnded { get; private set; }

    /// <summary>Sees what it tells others.</summary>
    public Action<object> Told { get; init; } = _ => { };

    public override ActorPath Path { get; }

    public override IActorRefProvider Provider => throw new NotSupportedException();

    public IActorRef Self => this;

    public ILoggingAdapter Log => NoLogger.Instance;

    /// <summary>Gives it what it does.</summary>
    public void Become(Func<object, IActorRef, bool> hear, Action start, Action end)
    {
        (_hear, _end) = (hear, end);
        start();
    }

    /// <summary>One turn.</summary>
    public void Hear(object message, IActorRef? sender)
    {
        if (HasEnded)
            return;
        Process.World.Trace?.Heard(this, message, sender);
        var before = Process.World.Speaker;
        Process.World.Speaker = this;
        _hear(message, sender ?? ActorRefs.Nobody);
        Process.World.Speaker = before;
        if (_isStopping)
            End();
    }

    /// <summary>Ends it, as its system does.</summary>
    public void End()
    {
        if (HasEnded)
            return;
        HasEnded = true;
        _timers.Clear();
        _end();
    }

    public Guid NewId() => Process.World.NewId();

    public void TellLarge(IActorRef target, object message) => target.Tell(message, this);

    public void StartTimer(string key, object message, TimeSpan after)
    {
        var number = _timers[key] = ++_timersStarted;
        Process.After((long)after.TotalMilliseconds, () =>
        {
            if (_timers.GetValueOrDefault(key) != number)
                return;
            _timers.Remove(key);
            Hear(message, null);
        });
    }

    public void CancelTimer(string key) => _timers.Remove(key);

    public void CancelTimers() => _timers.Clear();

    public override void Stop() => _isStopping = true;

    public override string ToString() => $"{Process}/{_name}";

    protected override void TellInternal(object message, IActorRef sender) => Process.World.Network.Send(this, message, sender as SimActor);
}

/// <summary>A name behind which another actor stands at each time: that of the coordinator for nodes,
/// and of any node for clients.</summary>
internal sealed class SimProxy(SimProcess process, Func<SimActor?> target) : MinimalActorRef
{
    public override ActorPath Path { get; } = new RootActorPath(process.Address) / "user" / "proxy";

    public override IActorRefProvider Provider => throw new NotSupportedException();

    protected override void TellInternal(object message, IActorRef sender) => target()?.Tell(message, sender);
}
