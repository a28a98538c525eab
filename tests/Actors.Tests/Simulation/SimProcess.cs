using Akka.Actor;

namespace AkkaCp.Actors.Tests.Simulation;

/// <summary>
/// One process: its actors live and die with it. While it is paused nothing happens in it; what comes meanwhile, and the timers that
/// went off, happen in order when it goes on.
/// </summary>
internal sealed class SimProcess(Simulation world, int number, string name)
{
    private readonly Queue<Action> _later = [];

    public Simulation World { get; } = world;

    /// <summary>Tells processes apart, those before and after a restart too.</summary>
    public int Number { get; } = number;

    public string Name { get; } = name;

    public Address Address { get; } = new("akka.tcp", "sim", name, 1);

    /// <summary>Its control plane, as the coordinator knows it.</summary>
    public string Control => $"{Name}:1";

    public bool IsAlive { get; private set; } = true;

    public bool IsPaused { get; private set; }

    public void Run(Action action)
    {
        if (!IsAlive)
            return;
        if (IsPaused)
            _later.Enqueue(action);
        else
            action();
    }

    /// <summary>Something happens in it after a time, if it is alive then.</summary>
    public void After(long milliseconds, Action action) => World.Time.After(milliseconds, () => Run(action));

    public void Kill()
    {
        IsAlive = false;
        _later.Clear();
    }

    public void Pause() => IsPaused = true;

    public void GoOn()
    {
        IsPaused = false;
        while (_later.Count > 0 && IsAlive && !IsPaused)
            _later.Dequeue()();
    }

    public override string ToString() => $"{Name}#{Number}";
}
