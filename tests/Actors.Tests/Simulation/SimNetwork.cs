namespace AkkaCp.Actors.Tests.Simulation;

/// <summary>
/// The way of messages between processes. Akka keeps the order of what one process tells another over one connection, gives nothing twice,
/// and loses what is under way when a connection breaks. So do <see cref="Scenario.IsOrderly"/> networks, save that they lose single
/// messages, too. The others are worse than Akka: messages come twice, and overtake each other. Between actors of one process nothing is
/// lost, and the order is kept.
/// </summary>
internal sealed class SimNetwork(Simulation world)
{
    private readonly HashSet<(SimProcess From, SimProcess To)> _cuts = [];
    private readonly Dictionary<(SimProcess From, SimProcess To), long> _lastArrival = [];
    private readonly Dictionary<(SimProcess From, SimProcess To), int> _connections = [];
    private readonly List<((SimProcess From, SimProcess To) Way, Action Arrive)> _held = [];

    /// <summary>Share of messages that are lost.</summary>
    public double Loss { get; set; }

    /// <summary>Share of messages that come twice.</summary>
    public double Doubling { get; set; }

    /// <summary>Share of messages that are late by seconds.</summary>
    public double Lateness { get; set; }

    public bool HasCuts => _cuts.Count > 0;

    public bool IsCut(SimProcess from, SimProcess to) => _cuts.Contains((from, to));

    public bool IsReachable(SimProcess one, SimProcess other) => !IsCut(one, other) && !IsCut(other, one);

    public void Cut(SimProcess from, SimProcess to) => _cuts.Add((from, to));

    /// <summary>The processes' connection breaks: what is under way is lost.</summary>
    public void Reset(SimProcess one, SimProcess other)
    {
        _connections[(one, other)] = ConnectionOf((one, other)) + 1;
        _connections[(other, one)] = ConnectionOf((other, one)) + 1;
    }

    /// <summary>All cuts are mended; what the kernels kept comes now.</summary>
    public void Mend()
    {
        _cuts.Clear();
        var held = _held.ToList();
        _held.Clear();
        foreach (var (way, arrive) in held)
        {
            if (way.From.IsAlive)
                world.Time.After(Delay(way), arrive);
        }
    }

    public void Send(SimActor to, object message, SimActor? sender)
    {
        // Not the sender where a message is handed on as from another.
        var speaker = world.Speaker ?? sender ?? to;
        var from = speaker.Process;
        if (!from.IsAlive)
            return;
        speaker.Told(message);
        if (from == to.Process)
        {
            to.Process.After(0, () => to.Hear(message, sender));
            return;
        }

        if (world.Draw.Chance(Loss))
        {
            world.Trace?.Lost(to, message, sender);
            return;
        }

        Carry(from, to, message, sender);
        if (world.Draw.Chance(Doubling))
            Carry(from, to, message, sender);
    }

    private void Carry(SimProcess from, SimActor to, object message, SimActor? sender)
    {
        (SimProcess From, SimProcess To) way = (from, to.Process);
        var connection = ConnectionOf(way);
        void Arrive()
        {
            if (connection == ConnectionOf(way))
                to.Process.Run(() => to.Hear(message, sender));
            else
                world.Trace?.Lost(to, message, sender);
        }

        void ArriveUnlessCut()
        {
            if (IsCut(way.From, way.To))
                Hold(way, Arrive);
            else
                Arrive();
        }

        world.Time.After(Delay(way), ArriveUnlessCut);
    }

    private long Delay((SimProcess From, SimProcess To) way)
    {
        long delay = world.Draw.Next(1, world.Scenario.MostDelay);
        if (world.Draw.Chance(Lateness))
            delay += world.Draw.Next(100, 3000);
        if (!world.Scenario.IsOrderly)
            return delay;
        var arrival = Math.Max(world.Time.Now + delay, _lastArrival.GetValueOrDefault(way));
        _lastArrival[way] = arrival;
        return arrival - world.Time.Now;
    }

    /// <remarks>The sender's kernel tries again; or the connection is given up meanwhile, and all of it is lost.</remarks>
    private void Hold((SimProcess From, SimProcess To) way, Action arrive)
    {
        if (world.Scenario.KernelsKeep)
            _held.Add((way, arrive));
    }

    private int ConnectionOf((SimProcess From, SimProcess To) way) => _connections.GetValueOrDefault(way);
}
