using System.Globalization;
using Akka.Actor;
using Akka.Event;
using AkkaCp.Actors.Protocol;
using AkkaCp.Pipeline.Steps;
using AkkaCp.Scheduling;

namespace AkkaCp.Actors.Coordinator;

/// <summary>The steps of an epoch.</summary>
internal sealed partial class CoordinatorLogic
{
    private const string StepTimer = "step";

    private readonly Dictionary<long, int> _ages = [];
    private readonly Dictionary<string, long> _work = [];
    private EpochTable? _table;
    private List<IActorRef> _servers = [];
    private long _timedStep;

    private long OldestStep => _state.InFlight.IsEmpty ? 0 : _state.InFlight.Keys.First();

    private void HearServing(RankProtocol.IEvent happened)
    {
        if (happened is RankProtocol.StepAccepted taken)
            Apply(Transition.To(_state.Accept(taken.Epoch, taken.Step, taken.Rank)));
        else if (happened is RankProtocol.StepEnded ended)
            Apply(_state.Record(ended.Result));
        else if (happened is RankProtocol.RankLost lost && lost.Epoch == _state.Epoch)
            LoseGroup(RankLost(lost.Rank, OldestStep, lost.Message));
    }

    private void BeginServing(EpochTable table)
    {
        _table = table;
        _servers = NodesOf(table);
        _log.Info("{0} is formed", table);
    }

    private void EndServing()
    {
        _port.CancelTimer(StepTimer);
        _timedStep = 0;
        _table = null;
        _servers = [];
        _ages.Clear();
    }

    private void RunSteps()
    {
        while (_state.PlanStep() is (var transition, { } plan))
        {
            StepEvents.Log.Planned(plan.Epoch, plan.Step);
            Enter(transition);
            TimeOldestStep();
            var run = RunOf(plan);
            foreach (var node in _servers)
                _port.TellLarge(node, run);
        }

        TimeOldestStep();
        if (_state is { IsDraining: true, IsIdle: true })
            Stop();
    }

    private void TimeOldestStep()
    {
        if (OldestStep == _timedStep)
            return;
        _timedStep = OldestStep;
        RestartStepTimer();
    }

    private void RestartStepTimer()
    {
        if (_timedStep == 0)
            _port.CancelTimer(StepTimer);
        else if (Rules.StepTimeout is { } timeout)
            _port.StartTimer(StepTimer, new CoordinatorProtocol.StepTimedOut(_state.Epoch, _timedStep), timeout);
    }

    /// <summary>A step may take its time while the ranks that it waits for compute.</summary>
    private void NoteWork(NodeProtocol.Heartbeat heartbeat)
    {
        var before = _work.GetValueOrDefault(heartbeat.Name, heartbeat.Work);
        _work[heartbeat.Name] = heartbeat.Work;
        if (before != heartbeat.Work && _table is { } table && _timedStep != 0
            && MissingRanks(_timedStep).Any(rank => table.Places[rank].Node == heartbeat.Name))
        {
            RestartStepTimer();
        }
    }

    private void StepTimedOut(CoordinatorProtocol.StepTimedOut late)
    {
        var missing = MissingRanks(late.Step);
        var seconds = Rules.StepTimeout!.Value.TotalSeconds.ToString(CultureInfo.InvariantCulture);
        LoseGroup(RankLost(
            missing[0], late.Step, $"expected a result, or progress, within {seconds} s, found none of rank {string.Join(", ", missing)}"));
    }

    private void TickServing()
    {
        AgeNodes();
        if (_table is null)
            return;
        foreach (var step in _ages.Keys.Where(step => !_state.InFlight.ContainsKey(step)).ToList())
            _ages.Remove(step);
        foreach (var step in _state.InFlight.Keys)
        {
            _ages[step] = _ages.GetValueOrDefault(step) + 1;
            if (_ages[step] % Rules.Resend == 0)
                SayAgain(step);
        }
    }

    /// <summary>
    /// Messages between healthy nodes are lost when their connection is reset. Ranks that have not taken the step are told again, those
    /// that have are asked; both cost next to nothing while all is well.
    /// </summary>
    private void SayAgain(long number)
    {
        var step = _state.InFlight[number];
        foreach (var node in _table!.Places.Where(place => !step.Results.ContainsKey(place.Rank)).GroupBy(place => place.Node))
        {
            RankProtocol.ICommand message = node.All(place => step.Accepted.Contains(place.Rank))
                ? new RankProtocol.Resend(_state.Epoch, number)
                : RunOf(step.Plan);
            if (_nodes.TryGetValue(node.Key, out var actor))
                _port.TellLarge(actor, message);
        }
    }

    private RankProtocol.RunStep RunOf(StepPlan plan) => new(plan)
    {
        Routes =
        [
            .. from share in plan.Requests
               where share.Start is { AllLogits: true }
               let id = _state.RequestIdOf(share.SequenceId)
               where id is not null
               let edge = _outbox.EdgeOf(id.Value)
               where edge is not null
               select new LogitsProtocol.Route(share.SequenceId, id.Value, edge),
        ],
    };

    private List<int> MissingRanks(long step) =>
        [.. Enumerable.Range(0, _context.Limits.WorldSize).Except(_state.InFlight[step].Results.Keys)];
}
