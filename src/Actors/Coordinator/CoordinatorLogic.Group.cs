using Akka.Actor;
using Akka.Event;
using AkkaCp.Actors.Protocol;
using AkkaCp.Pipeline.Steps;
using AkkaCp.Scheduling;

namespace AkkaCp.Actors.Coordinator;

/// <summary>The way from one epoch to the next.</summary>
internal sealed partial class CoordinatorLogic
{
    private const string FormTimer = "form";
    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(30);

    private Formation? _formation;
    private TimeSpan _pause = TimeSpan.Zero;
    private long _stepsDoneBefore;
    private int _settling;

    /// <summary>Ranks and nodes on the way to a group; what they say of an earlier way says nothing.</summary>
    private void HearForming(RankProtocol.IEvent happened)
    {
        if (happened.Epoch != _formation?.Epoch)
            return;
        if (happened is RankProtocol.Opened)
            RankAnswered(happened.Rank, null);
        else if (happened is RankProtocol.OpenFailed failed)
            RankAnswered(failed.Rank, failed.Message);
        else if (happened is RankProtocol.RankLost lost)
            RankAnswered(lost.Rank, lost.Message);
    }

    private void Hear(NodeProtocol.Closed closed)
    {
        if (IsServing || closed.Epoch != _formation?.Epoch)
            return;
        _formation = _formation!.Close(closed.Node);
        if (_isStopping)
            EndWhenClosed();
        else
            Advance();
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
        _phase = CoordinatorPhase.Forming;
        Enter(_state.LoseEpoch(fault));
        if (_state.StepsDone > _stepsDoneBefore)
            Form();
        else
            FormLater();
    }

    private void Form()
    {
        _port.CancelTimer(FormTimer);
        _formation = new Formation(_context.NextEpoch(_roster.HighestEpoch));
        Publish(_phase);
        Advance();
    }

    /// <summary>Takes the next step towards a group that can be taken now.</summary>
    private void Advance()
    {
        if (_phase != CoordinatorPhase.Forming || _isStopping || _formation is not { } formation)
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

    /// <summary>
    /// Whether the node would not take the epoch: it has heard of a higher one, or of this one from another coordinator, which asked it
    /// first or has even opened it while this one's question was on its way.
    /// </summary>
    private static bool IsBeyond(RosterMember member, Formation formation)
    {
        var (highest, status) = (member.Heartbeat.HighestEpoch, member.Heartbeat.Status);
        var isOpenElsewhere = formation.Table is null && status.State is NodeState.Serving && status.Epoch == formation.Epoch;
        return highest > formation.Epoch || (highest == formation.Epoch && (!formation.Knows(member.Name) || isOpenElsewhere));
    }

    private void AskToClose()
    {
        foreach (var name in _roster.Members.Keys.Where(name => !_formation!.Knows(name)).ToList())
        {
            _formation = _formation!.Ask(name);
            TellClose(name);
        }
    }

    private void TellClose(string name) =>
        _nodes[name].Tell(new RankProtocol.Close(_formation!.Epoch, RankProtocol.CloseTimeout), Self);

    private void Open()
    {
        var table = _roster.Table(_formation!.Epoch, _port.NewId());
        _formation = _formation.BeginOpening(table);
        foreach (var node in NodesOf(table))
            node.Tell(new RankProtocol.Open(table), Self);
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
            _port.StartTimer(FormTimer, CoordinatorProtocol.FormNow.Instance, _pause);
    }

    private void Serve(EpochTable table)
    {
        _pause = _state.StepsDone > _stepsDoneBefore ? TimeSpan.Zero : _pause;
        _stepsDoneBefore = _state.StepsDone;
        _phase = _state.IsDraining ? CoordinatorPhase.Draining : CoordinatorPhase.Serving;
        _formation = null;
        BeginServing(table);
        Apply(_state.Resize(_roster.KvBlocksOf(table)).Then(state => Transition.To(state.Restart(table.Epoch))));

        // Whoever waited looks at the picture next.
        Publish(_phase);
        _context.SetReady();
    }

    private void TickForming()
    {
        AgeNodes();
        if (_phase != CoordinatorPhase.Forming || _isStopping)
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
        if (formation.Closing.Values.Any(seconds => seconds > Rules.OpenTime))
        {
            // Another coordinator may have opened this epoch on a node before it was asked:
            // then it never closes for it, only for a higher one.
            Form();
            return;
        }

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
            NodesOf(table).ForEach(node => node.Tell(new RankProtocol.Open(table), Self));
    }

    private void Stop()
    {
        _port.CancelTimers();
        if (_isStopping)
            return;
        _isStopping = true;
        _phase = CoordinatorPhase.Draining;
        EndServing();
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
        if (_formation.Age > RankProtocol.CloseTimeout.TotalSeconds)
            _port.Stop();
    }

    private void EndWhenClosed()
    {
        if (_formation!.Closing.IsEmpty)
            _port.Stop();
    }

    private List<IActorRef> NodesOf(EpochTable table) =>
        [.. table.Places.Select(place => place.Node).Distinct().Where(_nodes.ContainsKey).Select(name => _nodes[name])];
}
