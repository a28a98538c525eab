using Akka.Actor;
using Akka.Event;
using AkkaCp.Actors.Cluster;
using AkkaCp.Actors.Protocol;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Actors.Coordinator;

/// <summary>The nodes, and the way from one epoch to the next.</summary>
internal sealed partial class CoordinatorActor
{
    private const string FormTimer = "form";
    private const int MostRefusals = 1000;
    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(30);

    private readonly Dictionary<string, IActorRef> _nodes = [];
    private readonly Dictionary<IActorRef, (RosterMember Node, string Reason)> _refused = [];
    private readonly HashSet<(Guid Incarnation, string Reason)> _refusals = [];
    private readonly HashExchange _hashes;
    private Roster _roster;
    private Formation? _formation;
    private TimeSpan _pause = TimeSpan.Zero;
    private long _stepsDoneBefore;
    private int _settling;

    private void Forming()
    {
        Receive<NodeProtocol.Closed>(closed => closed.Epoch == _formation?.Epoch, NodeClosed);
        Receive<RankProtocol.Opened>(opened => opened.Epoch == _formation?.Epoch, opened => RankAnswered(opened.Rank, null));
        Receive<RankProtocol.OpenFailed>(
            failed => failed.Epoch == _formation?.Epoch, failed => RankAnswered(failed.Rank, failed.Message));
        Receive<RankProtocol.RankLost>(
            lost => lost.Epoch == _formation?.Epoch, lost => RankAnswered(lost.Rank, lost.Message));
        Receive<CoordinatorProtocol.FormNow>(_ => Form());
        Receive<CoordinatorProtocol.Tick>(_ => TickForming());
        Always();
        Receive<NodeProtocol.Closed>(_ => { });
        Receive<RankProtocol.IEvent>(_ => { });
        Receive<CoordinatorProtocol.StepTimedOut>(_ => { });
    }

    private void Stopping()
    {
        Receive<NodeProtocol.Closed>(closed => closed.Epoch == _formation?.Epoch, closed =>
        {
            _formation = _formation!.Close(closed.Node);
            EndWhenClosed();
        });
        Receive<CoordinatorProtocol.Tick>(_ => TickStopping());
        Always();
        Receive<NodeProtocol.Closed>(_ => { });
        Receive<RankProtocol.IEvent>(_ => { });
        Receive<CoordinatorProtocol.StepTimedOut>(_ => { });
    }

    private void Hear(NodeProtocol.Pulse pulse) => Hear(pulse, Sender);

    private void Hear(NodeProtocol.Pulse pulse, IActorRef sender)
    {
        var heard = _roster.Hear(pulse, ControlOf(sender), _hashes.Book.Agrees(pulse.Hashes.Own));
        if (HasOtherFacts(pulse))
            sender.Tell(NodeProtocol.Outsider.Instance);
        else
            _hashes.Hear(sender, pulse.Hashes);
        if ((heard.Refusal ?? _hashes.Book.DifferencesOf(pulse.Hashes.Own)) is { } reason)
        {
            Refuse(pulse, sender, reason);
            return;
        }

        _refused.Remove(sender);
        if (heard.IsNew)
            _log.Info("node {0} is here with {1} places", pulse.Name, pulse.Offer.Places);
        if (_nodes.TryGetValue(pulse.Name, out var before) && !before.Equals(sender))
            _hashes.Forget(before);
        _nodes[pulse.Name] = sender;
        _roster = heard.Roster;
        if (_settling > 0 && _context.AreAllKnown(_roster))
            _settling = 0;
        if (heard.Replaces)
            Leave(pulse.Name, "it started anew");
        else if (_table is { } table && pulse.Status.State is NodeState.Draining && table.Places.Any(place => place.Node == pulse.Name))
            Leave(pulse.Name, "it leaves");
        NoteWork(pulse);
        Assign(pulse.Name);
        Advance();
    }

    /// <summary>Weights of another model are no damaged copy of ours: they are neither compared nor carried.</summary>
    private bool HasOtherFacts(NodeProtocol.Pulse pulse) => _context.Facts.DifferencesTo(pulse.Facts).Count > 0;

    /// <summary>What a node has loaded, or carried here, may be what others wait for.</summary>
    private void Hear(Action<HashExchange> take)
    {
        take(_hashes);
        _roster = _roster.Judge(_hashes.Book.Agrees);
        foreach (var member in _roster.Members.Values.ToList())
        {
            if (_hashes.Book.DifferencesOf(member.Pulse.Hashes.Own) is { } reason)
                Refuse(member.Pulse, _nodes[member.Name], reason);
        }

        Advance();
    }

    /// <summary>Says why, here once. A node that had ranks has none any more.</summary>
    private void Refuse(NodeProtocol.Pulse pulse, IActorRef node, string reason)
    {
        _refused[node] = (new RosterMember(ControlOf(node), pulse), reason);
        if (_refusals.Count < MostRefusals && _refusals.Add((pulse.Incarnation, reason)))
            _log.Warning("node {0} at {1} is refused: {2}", pulse.Name, node.Path.Address, reason);
        node.Tell(new NodeProtocol.Refused(reason));
        if (!_nodes.TryGetValue(pulse.Name, out var known) || !known.Equals(node))
            return;
        Lose(pulse.Name, "it is refused");
        Assign("");
        Advance();
    }

    /// <summary>Programs of another version are refused by name; whoever asks again is told again.</summary>
    private void Refuse(Foreign foreign)
    {
        var reason = $"protocol: expected version {_context.Facts.Protocol}, found another: a message {foreign.Manifest}";
        if (_refusals.Count < MostRefusals && _refusals.Add((foreign.Id, reason)))
            _log.Warning("a program at {0} is refused: {1}", Sender.Path.Address, reason);
        Sender.Tell(foreign.Kind == Foreign.Pulse
            ? new NodeProtocol.Refused(reason)
            : new EdgeProtocol.Ended(foreign.Id, 0, new GenerationProtocol.Failed(foreign.Id, FailureKind.Invalid, reason)));
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
                node.Tell(new NodeProtocol.Assigned(_roster.RanksOf(name), _roster.PreloadOf(name)));
        }
    }

    /// <summary>A node is gone, or is about to be: without it there is no group.</summary>
    private void Leave(string name, string why)
    {
        if (_formation is { } formation)
            _formation = formation.Without(name);
        if (_isStopping)
            EndWhenClosed();
        else if (_table is { } table && table.Places.FirstOrDefault(place => place.Node == name) is { } place)
            LoseGroup(RankLost(place.Rank, OldestStep, $"node {name}: {why}"));
        else if (_formation?.Table?.Places.Any(place => place.Node == name) == true)
            Form();
    }

    /// <summary>Leaves Serving for a new epoch; at once, or after a pause when the last epoch did nothing.</summary>
    private void LoseGroup(PipelineFault fault)
    {
        _log.Warning("{0}; the group of ranks is formed anew", fault);
        EndServing();
        _phase = CpPhase.Forming;
        Become(Forming);
        Enter(_state.LoseEpoch(fault));
        if (_state.StepsDone > _stepsDoneBefore)
            Form();
        else
            FormLater();
    }

    private void Form()
    {
        Timers.Cancel(FormTimer);
        _formation = new Formation(_context.NextEpoch(_roster.HighestEpoch));
        Publish(_phase);
        Advance();
    }

    /// <summary>Takes the next step towards a group that can be taken now.</summary>
    private void Advance()
    {
        if (_phase != CpPhase.Forming || _isStopping || _formation is not { } formation)
            return;
        if (_roster.Members.Values.Any(member => IsBeyond(member, formation)))
        {
            Form();
            return;
        }

        AskToClose();
        if (_formation.Table is null && _formation.Closing.IsEmpty && _settling == 0 && _roster.IsLoaded && !_hashes.IsLearning)
            Open();
    }

    /// <summary>Whether the node would not take the epoch: it has heard of a higher one, or of this one from somebody else.</summary>
    private static bool IsBeyond(RosterMember member, Formation formation) =>
        member.Pulse.HighestEpoch > formation.Epoch || (member.Pulse.HighestEpoch == formation.Epoch && !formation.Knows(member.Name));

    private void AskToClose()
    {
        foreach (var name in _roster.Members.Keys.Where(name => !_formation!.Knows(name)).ToList())
        {
            _formation = _formation!.Ask(name);
            TellClose(name);
        }
    }

    private void TellClose(string name) => _nodes[name].Tell(new RankProtocol.Close(_formation!.Epoch, CloseTimeout));

    private void NodeClosed(NodeProtocol.Closed closed)
    {
        _formation = _formation!.Close(closed.Node);
        Advance();
    }

    private void Open()
    {
        var table = _roster.Table(_formation!.Epoch, Guid.NewGuid());
        _formation = _formation.BeginOpening(table);
        foreach (var node in NodesOf(table))
            node.Tell(new RankProtocol.Open(table));
    }

    private void RankAnswered(int rank, string? failure)
    {
        _formation = _formation!.Open(rank, failure);
        if (!_formation.AllAnswered)
            return;
        if (_formation.Failure is { } message)
            FailToForm(message);
        else
            Serve(_formation.Table!);
    }

    private void FailToForm(string message)
    {
        _log.Error("no group of ranks: {0}", message);
        _context.SetFailed(message);
        Enter(_state.FailToForm(new PipelineFault(FaultKind.RankLost, "RankPipeline", -1, -1, 0, message)));
        FormLater();
    }

    private void FormLater()
    {
        _formation = null;
        _pause = _pause == TimeSpan.Zero ? s_firstPause : TimeSpan.FromTicks(Math.Min(2 * _pause.Ticks, s_longestPause.Ticks));
        if (_state.IsDraining)
            StopNow();
        else
            Timers.StartSingleTimer(FormTimer, CoordinatorProtocol.FormNow.Instance, _pause);
    }

    private void Serve(EpochTable table)
    {
        _pause = _state.StepsDone > _stepsDoneBefore ? TimeSpan.Zero : _pause;
        _stepsDoneBefore = _state.StepsDone;
        _phase = _state.IsDraining ? CpPhase.Draining : CpPhase.Serving;
        _formation = null;
        BeginServing(table);
        _context.SetReady();
        Become(Serving);
        Apply(Transition.To(_state.Restart(table.Epoch)));
    }

    private void TickForming()
    {
        AgeNodes();
        if (_phase != CpPhase.Forming || _isStopping)
            return;
        _settling = Math.Max(0, _settling - 1);
        Apply(_state.WaitForGroup(WhatIsMissing()));
        if (_formation is { } formation)
            Remind(formation.Tick());
        if (_settling == 0)
            Assign("");
        Advance();
    }

    /// <summary>Says again what nodes have not answered, and gives up those that say nothing at all.</summary>
    private void Remind(Formation formation)
    {
        _formation = formation;
        foreach (var (name, seconds) in formation.Closing)
        {
            if (seconds == Rules.Resend)
                _log.Warning("epoch {0} waits for node {1}, which is still closing", formation.Epoch, name);
            if (_roster.Members.TryGetValue(name, out var member) && member.Silence >= Rules.CloseSilence)
                Lose(name, $"nothing was heard of it for {member.Silence} s");
            else if (seconds % Rules.Resend == 0)
                TellClose(name);
        }

        if (formation.Table is not { } table || _formation != formation)
            return;
        if (formation.Age >= Rules.OpenTime)
            FailToForm($"rank {string.Join(", ", formation.NotOpened)} was not built within {Rules.OpenTime} s");
        else if (formation.Age % Rules.Resend == 0)
            NodesOf(table).ForEach(node => node.Tell(new RankProtocol.Open(table)));
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

    private void Stop()
    {
        Timers.CancelAll();
        if (_isStopping)
            return;
        _isStopping = true;
        _phase = CpPhase.Draining;
        EndServing();
        Become(Stopping);
        TickLater();
        _formation = new Formation(_context.NextEpoch(_roster.HighestEpoch));
        AskToClose();
        Publish(_phase);
        EndWhenClosed();
    }

    private void TickStopping()
    {
        AgeNodes();
        _formation = _formation!.Tick();
        if (_formation.Age > CloseTimeout.TotalSeconds)
            Context.Stop(Self);
    }

    private void EndWhenClosed()
    {
        if (_formation!.Closing.IsEmpty)
            Context.Stop(Self);
    }

    /// <summary>What keeps requests from running, for people; empty for nothing.</summary>
    private string WhatIsMissing()
    {
        if (_table is not null || _isStopping)
            return "";
        var refused = _refused.Values.Select(one => $"; node {one.Node.Name} is refused: {one.Reason}");
        return $"{_roster.Missing()}{string.Concat(refused)}";
    }

    private List<IActorRef> NodesOf(EpochTable table) =>
        [.. table.Places.Select(place => place.Node).Distinct().Where(_nodes.ContainsKey).Select(name => _nodes[name])];

    private string ControlOf(IActorRef node) =>
        ControlPlane.Text(node.Path.Address) is { Length: > 0 } elsewhere ? elsewhere : _context.Control;

    private ClusterStatus Status() => new(
        _context.Control, _context.Status, _context.Limits.WorldSize,
        [
            .. _roster.Members.Values.Select(member => Report(member, ""))
                .Concat(_refused.Values.Select(refused => Report(refused.Node, refused.Reason)))
                .OrderBy(report => report.Offer.Name, StringComparer.Ordinal),
        ]);

    private static NodeReport Report(RosterMember node, string refusal) => new(
        node.Pulse.Offer, node.Control, node.Pulse.Status, node.Pulse.Facts, node.Silence * s_second, refusal);
}
