using Akka.Actor;
using Akka.Event;
using AkkaCp.Actors.Protocol;
using AkkaCp.Actors.Ranks;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Actors.Coordinator;

/// <summary>
/// Turns messages into calls of <see cref="CoordinatorState"/> and what comes back into Tells. Requests are taken in every phase.
/// </summary>
/// <remarks>
/// Forming: ranks close the old epoch and open a new one. Serving: steps run, after <see cref="CoordinatorProtocol.Drain"/> too,
/// until nothing is left. Stopping: ranks close for good, then the actor ends. A rank that is lost, or a step that takes too long, fails
/// the requests inside and leads back to Forming; requests that wait or have no row inside go on in the new epoch.
/// </remarks>
internal sealed class CoordinatorActor : ReceiveActor, IWithTimers
{
    /// <summary>How long a rank's pipeline may take to end before it is left to itself.</summary>
    public static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(10);

    private const string StepTimer = "step";
    private const string DrainTimer = "drain";
    private const string FormTimer = "form";
    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(30);

    private readonly CoordinatorContext _context;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly EdgeBook _edges = new();
    private readonly Dictionary<IActorRef, int> _ranks = [];
    private CoordinatorState _state;
    private Formation _formation;
    private CpPhase _phase = CpPhase.Forming;
    private TimeSpan _pause = TimeSpan.Zero;
    private long _timedStep;
    private long _stepsDoneBefore;
    private bool _isStopping;
    private bool _isRestarting;

    /// <summary>Starts in Forming; made through <see cref="Props"/>.</summary>
    public CoordinatorActor(CoordinatorContext context)
    {
        _context = context;
        _state = CoordinatorState.Create(context.Limits) with { NextNumber = context.NextRequest };
        _formation = Formation.Begin(0, context.Limits.WorldSize);
        Forming();
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>How the program starts it.</summary>
    public static Props Props(CoordinatorContext context) => Akka.Actor.Props.Create(() => new CoordinatorActor(context));

    /// <inheritdoc/>
    protected override void PreStart()
    {
        for (var rank = 0; rank < _context.Limits.WorldSize; rank++)
            StartRank(rank);
        Form();
    }

    /// <inheritdoc/>
    protected override void PreRestart(Exception reason, object? message)
    {
        _log.Error(reason, "the coordinator failed at {0}", message?.GetType().Name ?? "no message");
        _isRestarting = true;
        if (message is GenerationProtocol.Submit submit)
            _edges.TryAdd(submit.RequestId, Sender);
        base.PreRestart(reason, message);
    }

    /// <inheritdoc/>
    protected override void PostStop()
    {
        foreach (var requestId in _edges.All)
            _edges.Tell(new GenerationProtocol.Failed(requestId, FailureKind.Fault, "the coordinator has stopped"), Self);
        if (!_isRestarting)
            _context.SetFailed("the coordinator has stopped");
        Publish(CpPhase.Stopped);
    }

    /// <remarks>A rank's actor that throws is stopped, and replaced when its end is known.</remarks>
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Stop);

    private void Forming()
    {
        Requests();
        Receive<RankProtocol.Closed>(closed => closed.Epoch == _formation.Epoch, RankClosed);
        Receive<RankProtocol.Opened>(opened => opened.Epoch == _formation.Epoch, opened => RankAnswered(opened.Rank, null));
        Receive<RankProtocol.OpenFailed>(failed => failed.Epoch == _formation.Epoch, failed => RankAnswered(failed.Rank, failed.Message));
        Receive<CoordinatorProtocol.FormNow>(_ => Form());
        Receive<Terminated>(Replace);
        Receive<RankProtocol.IEvent>(_ => { });
    }

    private void Serving()
    {
        Requests();
        Receive<RankProtocol.StepAccepted>(taken => Apply(Transition.To(_state.Accept(taken.Epoch, taken.Step, taken.Rank))));
        Receive<RankProtocol.StepEnded>(ended => Apply(_state.Record(ended.Result)));
        Receive<RankProtocol.RankLost>(lost => lost.Epoch == _state.Epoch, lost => LoseRank(lost.Rank, lost.Message));
        Receive<CoordinatorProtocol.StepTimedOut>(
            late => late.Epoch == _state.Epoch && _state.InFlight.ContainsKey(late.Step), StepTimedOut);
        Receive<Terminated>(Replace);
        Receive<RankProtocol.IEvent>(_ => { });
        Receive<CoordinatorProtocol.StepTimedOut>(_ => { });
    }

    private void Stopping()
    {
        Requests();
        Receive<RankProtocol.Closed>(closed => closed.Epoch == _formation.Epoch, closed => RankStopped(closed.Rank));
        Receive<Terminated>(ended => RankStopped(_ranks.GetValueOrDefault(ended.ActorRef, -1)));
        Receive<RankProtocol.IEvent>(_ => { });
        Receive<CoordinatorProtocol.StepTimedOut>(_ => { });
    }

    private void Requests()
    {
        Receive<GenerationProtocol.Submit>(Submit);
        Receive<GenerationProtocol.Cancel>(cancel => Apply(_state.Cancel(cancel.RequestId)));
        Receive<Terminated>(ended => !_ranks.ContainsKey(ended.ActorRef), ended => EdgeLost(ended.ActorRef));
        Receive<CoordinatorProtocol.Drain>(Drain);
        Receive<CoordinatorProtocol.DrainExpired>(_ => StopNow());
    }

    private void Submit(GenerationProtocol.Submit submit)
    {
        if (!_edges.TryAdd(submit.RequestId, Sender))
        {
            Sender.Tell(new GenerationProtocol.Failed(
                submit.RequestId, FailureKind.Invalid, $"request id: expected one that is not in use, found {submit.RequestId}"));
            return;
        }

        Context.Watch(Sender);
        Apply(_state.Submit(submit));
    }

    private void EdgeLost(IActorRef edge)
    {
        foreach (var requestId in _edges.RequestsOf(edge))
            Apply(_state.Cancel(requestId));
    }

    /// <summary>Says what is to be said, then plans what can be planned.</summary>
    private void Apply(Transition transition)
    {
        Enter(transition.Then(StepPlanner.Admit));
        if (_isStopping || _phase is not (CpPhase.Serving or CpPhase.Draining))
            return;
        if (_state.NeedsNewEpoch)
            FormAnew();
        else
            RunSteps();
    }

    private void Enter(Transition transition)
    {
        _state = transition.State;
        _context.NextRequest = _state.NextNumber;
        foreach (var reply in transition.Replies)
        {
            if (_edges.Tell(reply, Self) is { } finished && !_ranks.ContainsKey(finished))
                Context.Unwatch(finished);
        }

        Publish(_phase);
    }

    private void RunSteps()
    {
        while (_state.PlanStep() is (var transition, { } plan))
        {
            Enter(transition);
            TimeOldestStep();
            foreach (var rank in _ranks.Keys)
                rank.Tell(new RankProtocol.RunStep(plan));
        }

        TimeOldestStep();
        if (_state is { IsDraining: true, IsIdle: true })
            Stop();
    }

    private void TimeOldestStep()
    {
        var oldest = _state.InFlight.IsEmpty ? 0 : _state.InFlight.Keys.First();
        if (oldest == _timedStep)
            return;
        _timedStep = oldest;
        if (oldest == 0)
            Timers.Cancel(StepTimer);
        else if (_context.Limits.Scheduler.StepTimeout is { } timeout)
            Timers.StartSingleTimer(StepTimer, new CoordinatorProtocol.StepTimedOut(_state.Epoch, oldest), timeout);
    }

    private void StepTimedOut(CoordinatorProtocol.StepTimedOut late)
    {
        var missing = Enumerable.Range(0, _context.Limits.WorldSize).Except(_state.InFlight[late.Step].Results.Keys).ToList();
        LoseRank(missing[0], FormattableString.Invariant(
            $"expected a result within {_context.Limits.Scheduler.StepTimeout!.Value.TotalSeconds} s, found none of rank {string.Join(", ", missing)}"));
    }

    private void LoseRank(int rank, string message)
    {
        var step = _state.InFlight.IsEmpty ? 0 : _state.InFlight.Keys.First();
        var fault = new PipelineFault(FaultKind.RankLost, "RankPipeline", -1, rank, step, message);
        _log.Error("{0}; the ranks are built anew", fault);
        Apply(_state.FailInFlight(fault));
    }

    private void StartRank(int rank)
    {
        var actor = Context.ActorOf(RankActor.Props(rank, _context.CreatePipeline, _context.Disposals), $"rank-{rank}");
        _ranks.Add(actor, rank);
        Context.Watch(actor);
    }

    private void Replace(Terminated ended)
    {
        if (!_ranks.Remove(ended.ActorRef, out var rank))
            return;
        StartRank(rank);
        if (_phase == CpPhase.Forming)
            Form();
        else
            LoseRank(rank, "its actor ended");
    }

    /// <summary>Leaves Serving for a new epoch; at once, or after a pause when the last epoch did nothing.</summary>
    private void FormAnew()
    {
        Timers.Cancel(StepTimer);
        _timedStep = 0;
        _phase = CpPhase.Forming;
        Become(Forming);
        if (_state.StepsDone > _stepsDoneBefore)
            Form();
        else
            FormLater();
    }

    private void Form()
    {
        Timers.Cancel(FormTimer);
        _formation = Formation.Begin(_context.NextEpoch(), _context.Limits.WorldSize);
        foreach (var rank in _ranks.Keys)
            rank.Tell(new RankProtocol.Close(_formation.Epoch, CloseTimeout));
        Publish(_phase);
    }

    private void RankClosed(RankProtocol.Closed closed)
    {
        var wasClosed = _formation.AllClosed;
        _formation = _formation.Close(closed.Rank);
        if (wasClosed || !_formation.AllClosed)
            return;
        foreach (var rank in _ranks.Keys)
            rank.Tell(new RankProtocol.Open(_formation.Epoch));
    }

    private void RankAnswered(int rank, string? failure)
    {
        _formation = _formation.Open(rank, failure);
        if (!_formation.AllAnswered)
            return;
        if (_formation.Failure is { } message)
            FailToForm(message);
        else
            Serve();
    }

    /// <summary>There is no telling when ranks can be built: nobody is left waiting for them.</summary>
    private void FailToForm(string message)
    {
        _context.SetFailed(message);
        Enter(_state.FailAll(new PipelineFault(FaultKind.RankLost, "RankPipeline", -1, -1, 0, message)));
        FormLater();
    }

    private void FormLater()
    {
        _pause = _pause == TimeSpan.Zero ? s_firstPause : TimeSpan.FromTicks(Math.Min(2 * _pause.Ticks, s_longestPause.Ticks));
        if (_state.IsDraining)
            StopNow();
        else
            Timers.StartSingleTimer(FormTimer, CoordinatorProtocol.FormNow.Instance, _pause);
    }

    private void Serve()
    {
        _pause = _state.StepsDone > _stepsDoneBefore ? TimeSpan.Zero : _pause;
        _stepsDoneBefore = _state.StepsDone;
        _phase = _state.IsDraining ? CpPhase.Draining : CpPhase.Serving;
        _context.SetReady();
        Become(Serving);
        Apply(Transition.To(_state.Restart(_formation.Epoch)));
    }

    private void Drain(CoordinatorProtocol.Drain drain)
    {
        if (_state.IsDraining)
            return;
        _phase = _phase == CpPhase.Serving ? CpPhase.Draining : _phase;
        if (drain.Timeout > TimeSpan.Zero)
            Timers.StartSingleTimer(DrainTimer, CoordinatorProtocol.DrainExpired.Instance, drain.Timeout);
        Apply(_state.Drain());
        if (drain.Timeout <= TimeSpan.Zero || (_phase == CpPhase.Forming && _state.Running.IsEmpty))
            StopNow();
    }

    private void StopNow()
    {
        Enter(_state.Stop());
        Stop();
    }

    private void Stop()
    {
        Timers.CancelAll();
        if (_isStopping)
            return;
        _isStopping = true;
        _phase = CpPhase.Draining;
        Become(Stopping);
        _formation = Formation.Begin(_context.NextEpoch(), _context.Limits.WorldSize);
        foreach (var rank in _ranks.Keys)
            rank.Tell(new RankProtocol.Close(_formation.Epoch, CloseTimeout));
        Publish(_phase);
    }

    private void RankStopped(int rank)
    {
        _formation = _formation.Close(rank);
        if (_formation.AllClosed)
            Context.Stop(Self);
    }

    private void Publish(CpPhase phase) => _context.Status = new CpStatus(
        phase, _state.Epoch, _state.Queue.Count, _state.Running.Values.Count(request => !request.HasEnded), _state.InFlight.Count,
        _state.StepsDone, _state.Kv.Free, _state.Kv.Usable);
}
