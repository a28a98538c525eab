using System.Collections.Concurrent;
using System.Collections.Immutable;
using Akka.Actor;
using AkkaCp.Actors.Links;
using AkkaCp.Actors.Protocol;
using AkkaCp.Actors.Wire;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Actors.Nodes;

/// <summary>
/// Sends the logits of one epoch's ranks to the edges that asked for them. A row is kept until its edge has confirmed it; while too many
/// are kept, the ranks' threads wait, in bounded time: an edge that confirms nothing is forgotten, and its rows with it.
/// </summary>
/// <param name="node">The node's actor, which gets the confirmations.</param>
/// <param name="system">The node's system.</param>
internal sealed class LogitsOutlet(IActorRef node, ActorSystem system) : ILogitsSink
{
    // Rows of a large vocabulary have 600 kB: some 10 MB under way.
    private const int Window = 16;
    private const int ResendTicks = 4;
    private const int GiveUpTicks = 30;

    private readonly ConcurrentDictionary<long, LogitsProtocol.Route> _routes = new();
    private readonly Dictionary<(Guid RequestId, int Position), Kept> _kept = [];
    private readonly HashSet<IActorRef> _deaf = [];
    private readonly object _lock = new();
    private bool _isClosed;

    /// <summary>Rows that are not confirmed.</summary>
    public int Unconfirmed
    {
        get
        {
            lock (_lock)
                return _kept.Count;
        }
    }

    /// <summary>From now on the request's rows go there.</summary>
    public void Connect(LogitsProtocol.Route route) => _routes[route.SequenceId] = route;

    /// <inheritdoc/>
    public void Write(long sequenceId, int position, ReadOnlySpan<float> logits)
    {
        if (!_routes.TryGetValue(sequenceId, out var route))
            return;
        var row = new LogitsProtocol.Row(route.RequestId, position, ImmutableArray.Create(logits));
        if (Keep(route.Edge, row))
            Send(route.Edge, row);
    }

    /// <summary>The edge has the row.</summary>
    public void Confirm(LogitsProtocol.RowTaken taken)
    {
        lock (_lock)
        {
            _kept.Remove((taken.RequestId, taken.Position));
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>A second later: what is not confirmed is sent again, and given up in the end.</summary>
    public void Tick()
    {
        List<Kept> again = [];
        lock (_lock)
        {
            foreach (var kept in _kept.Values.ToList())
            {
                if (++kept.Age > GiveUpTicks)
                    Forget(kept.Edge);
                else if (kept.Age % ResendTicks == 0)
                    again.Add(kept);
            }
        }

        again.ForEach(kept => Send(kept.Edge, kept.Row));
    }

    /// <summary>The edge confirms nothing any more: no rank waits for it. Another edge of its request may take the rows to come.</summary>
    public void Forget(IActorRef edge)
    {
        lock (_lock)
        {
            _deaf.Add(edge);
            foreach (var (key, _) in _kept.Where(one => one.Value.Edge.Equals(edge)).ToList())
                _kept.Remove(key);
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>The process of edges is dead: no rank waits for it any more.</summary>
    /// <param name="control">Its control plane, <c>host:port</c>.</param>
    public void Forget(string control)
    {
        lock (_lock)
        {
            foreach (var route in _routes.Values.Where(route => ControlAddress.Text(route.Edge.Path.Address) == control))
                Forget(route.Edge);
        }
    }

    /// <summary>The epoch is over: nobody waits any more. What is kept is still sent until it is confirmed.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            Monitor.PulseAll(_lock);
        }
    }

    private bool Keep(IActorRef edge, LogitsProtocol.Row row)
    {
        lock (_lock)
        {
            while (_kept.Count >= Window && !_isClosed && !_deaf.Contains(edge))
                Monitor.Wait(_lock);
            if (_isClosed || _deaf.Contains(edge))
                return false;
            _kept[(row.RequestId, row.Position)] = new Kept(edge, row);
            return true;
        }
    }

    private void Send(IActorRef edge, LogitsProtocol.Row row) => edge.TellLarge(row, node, system);

    private sealed class Kept(IActorRef edge, LogitsProtocol.Row row)
    {
        public IActorRef Edge { get; } = edge;

        public LogitsProtocol.Row Row { get; } = row;

        public int Age { get; set; }
    }
}
