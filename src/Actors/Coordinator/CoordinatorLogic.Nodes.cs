using Akka.Actor;
using Akka.Event;
using AkkaCp.Actors.Links;
using AkkaCp.Actors.Protocol;
using AkkaCp.Scheduling.Requests;

namespace AkkaCp.Actors.Coordinator;

/// <summary>The nodes: who is here, who is refused and why, whose weights are whose, and what is told of them.</summary>
internal sealed partial class CoordinatorLogic
{
    private const int MostRefusals = 1000;

    private readonly Dictionary<string, IActorRef> _nodes = [];
    private readonly Dictionary<IActorRef, (RosterMember Node, string Reason)> _refused = [];
    private readonly HashSet<(Guid Incarnation, string Reason)> _refusals = [];
    private readonly HashExchange _hashes;
    private Roster _roster;

    private void Hear(NodeProtocol.Heartbeat heartbeat) => Hear(heartbeat, _sender);

    private void Hear(NodeProtocol.Heartbeat heartbeat, IActorRef sender)
    {
        var heard = _roster.Hear(heartbeat, ControlOf(sender), _hashes.Book.Agrees(heartbeat.Hashes.Own));
        if (HasOtherFacts(heartbeat))
            sender.Tell(NodeProtocol.Outsider.Instance, Self);
        else
            _hashes.Hear(sender, heartbeat.Hashes);
        if ((heard.Refusal ?? _hashes.Book.DifferencesOf(heartbeat.Hashes.Own)) is { } reason)
        {
            Refuse(heartbeat, sender, reason);
            return;
        }

        _refused.Remove(sender);
        if (heard.IsNew)
            _log.Info("node {0} is here with {1} places", heartbeat.Name, heartbeat.Offer.Places);
        if (_nodes.TryGetValue(heartbeat.Name, out var before) && !before.Equals(sender))
            _hashes.Forget(before);
        _nodes[heartbeat.Name] = sender;
        _roster = heard.Roster;
        if (_settling > 0 && _context.AreAllKnown(_roster))
            _settling = 0;
        if (heard.Replaces)
        {
            Leave(heartbeat.Name, "it started anew");
        }
        else if (_table is { } table && heartbeat.Status.State is NodeState.Draining
            && table.Places.Any(place => place.Node == heartbeat.Name))
        {
            Leave(heartbeat.Name, "it leaves");
        }

        NoteWork(heartbeat);
        Assign(heartbeat.Name);
        Advance();
    }

    /// <summary>Weights of another model are no damaged copy of ours: they are neither compared nor carried.</summary>
    private bool HasOtherFacts(NodeProtocol.Heartbeat heartbeat) => _context.Facts.DifferencesTo(heartbeat.Facts).Count > 0;

    /// <summary>What a node has loaded, or carried here, may be what others wait for.</summary>
    private void Hear(Action<HashExchange> take)
    {
        take(_hashes);
        _roster = _roster.Judge(_hashes.Book.Agrees);
        foreach (var member in _roster.Members.Values.ToList())
        {
            if (_hashes.Book.DifferencesOf(member.Heartbeat.Hashes.Own) is { } reason)
                Refuse(member.Heartbeat, _nodes[member.Name], reason);
        }

        Advance();
    }

    /// <summary>Says why, here once. A node that had ranks has none any more.</summary>
    private void Refuse(NodeProtocol.Heartbeat heartbeat, IActorRef node, string reason)
    {
        _refused[node] = (new RosterMember(ControlOf(node), heartbeat), reason);
        if (_refusals.Count < MostRefusals && _refusals.Add((heartbeat.Incarnation, reason)))
            _log.Warning("node {0} at {1} is refused: {2}", heartbeat.Name, node.Path.Address, reason);
        node.Tell(new NodeProtocol.Refused(reason), Self);
        if (!_nodes.TryGetValue(heartbeat.Name, out var known) || !known.Equals(node))
            return;
        Lose(heartbeat.Name, "it is refused");
        Assign("");
        Advance();
    }

    /// <summary>Programs of another version are refused by name; whoever asks again is told again.</summary>
    private void Refuse(Foreign foreign)
    {
        var reason = $"protocol: expected version {_context.Facts.Protocol}, found another: a message {foreign.Manifest}";
        if (_refusals.Count < MostRefusals && _refusals.Add((foreign.Id, reason)))
            _log.Warning("a program at {0} is refused: {1}", _sender.Path.Address, reason);
        IWireMessage refusal = foreign.Kind == Foreign.Heartbeat
            ? new NodeProtocol.Refused(reason)
            : new EdgeProtocol.Ended(foreign.Id, 0, new GenerationProtocol.Failed(foreign.Id, FailureKind.Invalid, reason));
        _sender.Tell(refusal, Self);
    }

    /// <summary>A process need not fall silent when others know that it is dead.</summary>
    private void Hear(NodeProtocol.Died died)
    {
        ForgetEdges(died.Control);
        if (_roster.Members.Values.FirstOrDefault(member => member.Control == died.Control) is not { } dead)
            return;
        Lose(dead.Name, "its process is dead");
        Assign("");
        Advance();
    }

    /// <summary>Gives out free ranks once the nodes that were there before have had their time to say so.</summary>
    private void Assign(string speaker)
    {
        var before = _roster;
        if (_settling == 0 && !_isStopping)
            _roster = _roster.Assign();
        foreach (var (name, node) in _nodes)
        {
            if (name == speaker || !before.RanksOf(name).SequenceEqual(_roster.RanksOf(name)))
                node.Tell(new NodeProtocol.Assigned(_roster.RanksOf(name), _roster.PreloadOf(name)), Self);
        }
    }

    private void AgeNodes()
    {
        TickLater();
        _hashes.Tick();
        AgeEdges();
        _roster = _roster.Age();
        foreach (var (node, refusal) in _refused.ToList())
        {
            if (refusal.Node.Silence < Rules.NodeSilence)
                _refused[node] = (refusal.Node with { Silence = refusal.Node.Silence + 1 }, refusal.Reason);
            else
                Forget(node);
        }

        foreach (var silent in _roster.Members.Values.Where(member => member.Silence > Rules.NodeSilence).ToList())
            Lose(silent.Name, $"nothing was heard of it for {silent.Silence} s");
    }

    private void Forget(IActorRef refused)
    {
        _refused.Remove(refused);
        _hashes.Forget(refused);
    }

    private void Lose(string name, string why)
    {
        _log.Warning("node {0} is gone: {1}", name, why);
        _roster = _roster.Without(name);
        if (_nodes.Remove(name, out var node) && !_refused.ContainsKey(node))
            _hashes.Forget(node);
        Leave(name, why);
    }

    /// <summary>What keeps requests from running, for people; empty for nothing.</summary>
    private string WhatIsMissing()
    {
        if (_table is not null || _isStopping)
            return "";
        var refused = _refused.Values.Select(one => $"; node {one.Node.Name} is refused: {one.Reason}");
        return $"{_roster.Missing()}{string.Concat(refused)}";
    }

    private string ControlOf(IActorRef node) =>
        ControlAddress.Text(node.Path.Address) is { Length: > 0 } elsewhere ? elsewhere : _context.Control;

    private ClusterStatus Status() => new(
        _context.Control, _context.Status, _context.Limits.WorldSize,
        [
            .. _roster.Members.Values.Select(member => Report(member, ""))
                .Concat(_refused.Values.Select(refused => Report(refused.Node, refused.Reason)))
                .OrderBy(report => report.Offer.Name, StringComparer.Ordinal),
        ]);

    private static NodeReport Report(RosterMember node, string refusal) => new(
        node.Heartbeat.Offer, node.Control, node.Heartbeat.Status, node.Heartbeat.Facts, node.Silence * s_second, refusal);
}
