using Akka.Actor;
using Akka.Event;
using AkkaCp.Actors.Protocol;
using AkkaCp.Actors.Wire;
using AkkaCp.Pipeline.Steps;
using AkkaCp.Scheduling;
using AkkaCp.Scheduling.Requests;

namespace AkkaCp.Actors.Coordinator;

/// <summary>
/// Turns messages into calls of <see cref="SchedulerState"/>, <see cref="Roster"/> and <see cref="Formation"/>, and what comes back into
/// Tells. Requests and nodes' heartbeats are taken in every phase.
/// </summary>
/// <remarks>
/// Forming: nodes close the old epoch, and when every rank has a node that has loaded it, open a new one. Serving: steps run, after
/// <see cref="CoordinatorProtocol.Drain"/> too, until nothing is left. Stopping: nodes close for good, then the actor ends. A rank that is
/// lost, a node that leaves or falls silent, or a step without progress leads back to Forming; requests go on in the new epoch.
/// All of it is soft: a coordinator that starts elsewhere learns the nodes from their heartbeats and the requests from their edges.
/// </remarks>
internal sealed partial class CoordinatorActor : ReceiveActor, IWithTimers
{
    private const string DrainTimer = "drain";
    private const string SecondTimer = "second";
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    private readonly CoordinatorContext _context;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly ReplyOutbox _outbox = new();
    private readonly PartsAssembler _parts = new();
    private SchedulerState _state;
    private CoordinatorPhase _phase = CoordinatorPhase.Forming;
    private bool _isStopping;

    /// <summary>Starts in Forming; made through <see cref="Props"/>.</summary>
    public CoordinatorActor(CoordinatorContext context)
    {
        _context = context;
        try
        {
            _state = SchedulerState.Create(context.Limits, context.NextSequenceId);
            _roster = Roster.Create(context.Facts, context.Limits.WorldSize);
        }
        catch (Exception cause)
        {
            // Its supervisor only stops what cannot be made; whoever waits for the ranks must hear of it.
            context.SetFailed($"the coordinator cannot be made: {cause.Message}", cause);
            throw;
        }

        var (self, system) = (Self, Context.System);
        _hashes = new HashExchange((node, message) => node.TellLarge(message, self, system));
        _settling = context.Rules.Settling;
        Forming();
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    private GroupRules Rules => _context.Rules;

    /// <summary>How the program starts it.</summary>
    public static Props Props(CoordinatorContext context) => Akka.Actor.Props.Create(() => new CoordinatorActor(context));

    /// <inheritdoc/>
    protected override void PreStart()
    {
        if (_context.TryYield?.Invoke() == true)
        {
            Become(() => { });
            return;
        }

        Publish(_phase);
        TickLater();
        Form();
    }

    /// <inheritdoc/>
    protected override void PreRestart(Exception reason, object? message)
    {
        _log.Error(reason, "the coordinator failed at {0}; it starts anew", message?.GetType().Name ?? "no message");
        _context.SetFailed($"the coordinator failed: {reason.Message}", reason);
        base.PreRestart(reason, message);
    }

    /// <remarks>Whoever is sent away looks for a coordinator and hands its request in there; after a restart, here.</remarks>
    protected override void PostStop()
    {
        _outbox.Dismiss(Self);
        Publish(CoordinatorPhase.Stopped);
    }

    private void Always()
    {
        Receive<EdgeProtocol.HandIn>(handIn => Submit(handIn.Request, handIn.Client ?? ClientFacts.None));
        Receive<GenerationProtocol.Cancel>(cancel => Apply(_state.Cancel(cancel.RequestId)));
        Receive<EdgeProtocol.Poll>(poll => _outbox.Answer(poll.RequestId, poll.Known, Sender, Self, WhatIsMissing()));
        Receive<EdgeProtocol.Done>(done => _outbox.Forget(done.RequestId));
        Receive<PartProtocol.Part>(part =>
        {
            if (_parts.Take(part, Context.System) is { } whole)
                Self.Tell(whole, Sender);
        });
        Receive<NodeProtocol.Heartbeat>(Hear);
        Receive<NodeProtocol.Died>(Hear);
        Receive<HashProtocol.Own>(own => Hear(hashes => hashes.Take(own)));
        Receive<HashProtocol.Table>(carried => Hear(hashes => hashes.Take(carried)));
        Receive<Foreign>(Refuse);
        Receive<CoordinatorProtocol.AskStatus>(_ => Sender.Tell(new CoordinatorProtocol.StatusTold(Status())));
        Receive<CoordinatorProtocol.HandOver>(_ => Context.Stop(Self));
        Receive<CoordinatorProtocol.Drain>(Drain);
        Receive<CoordinatorProtocol.DrainExpired>(_ => StopNow());
    }

    /// <remarks>A request that is handed in again is asked after: its edge did not hear that it was taken.</remarks>
    private void Submit(GenerationProtocol.Submit submit, ClientFacts client)
    {
        if (_context.Facts.DifferencesTo(client) is { Count: > 0 } differences)
            Reject(submit, $"the client differs from the cluster: {string.Join("; ", differences)}");
        else if (_outbox.TryAdd(submit, Sender))
            Apply(_state.Submit(submit));
        else if (Sender.Equals(_outbox.EdgeOf(submit.RequestId)))
            _outbox.Answer(submit.RequestId, submit.Tokens.Length, Sender, Self, WhatIsMissing());
        else
            Reject(submit, $"request id: expected one that is not in use, found {submit.RequestId}");
    }

    /// <summary>Refuses a request that never was in the outbox.</summary>
    private void Reject(GenerationProtocol.Submit submit, string why)
    {
        _log.Info("a request of {0} is refused: {1}", Sender.Path.Address, why);
        Sender.Tell(new EdgeProtocol.Ended(
            submit.RequestId, submit.Tokens.IsDefault ? 0 : submit.Tokens.Length,
            new GenerationProtocol.Failed(submit.RequestId, FailureKind.Invalid, why)));
    }

    /// <summary>Says what is to be said, then plans what can be planned.</summary>
    private void Apply(Transition transition)
    {
        Enter(transition.Then(StepPlanner.Admit));
        if (_isStopping || _phase is not (CoordinatorPhase.Serving or CoordinatorPhase.Draining))
            return;
        if (_state.EpochFault is { } fault)
            LoseGroup(fault);
        else
            RunSteps();
    }

    private void Enter(Transition transition)
    {
        _state = transition.State;
        _context.NextSequenceId = _state.NextSequenceId;
        foreach (var reply in transition.Replies)
            _outbox.Tell(reply, Self);
        Publish(_phase);
    }

    /// <summary>Edges that have been silent too long have given up: nobody is there to read what their requests would say.</summary>
    private void AgeEdges()
    {
        _parts.Tick();
        foreach (var requestId in _outbox.Age(Rules.Lease))
        {
            _log.Info("request {0} is cancelled: its edge has been silent for {1} s", requestId, Rules.Lease);
            Apply(_state.Cancel(requestId));
        }
    }

    /// <summary>Nobody is left to read what the requests of a dead process would say. One that is alive after all finds its requests
    /// unknown, and hands them in again.</summary>
    private void ForgetEdges(string control)
    {
        foreach (var requestId in _outbox.At(control))
        {
            _log.Info("request {0} is cancelled: the process of its client at {1} is dead", requestId, control);
            Apply(_state.Cancel(requestId));
            _outbox.Forget(requestId);
        }
    }

    private void Drain(CoordinatorProtocol.Drain drain)
    {
        if (_state.IsDraining)
            return;
        _phase = _phase == CoordinatorPhase.Serving ? CoordinatorPhase.Draining : _phase;
        if (drain.Timeout > TimeSpan.Zero)
            Timers.StartSingleTimer(DrainTimer, CoordinatorProtocol.DrainExpired.Instance, drain.Timeout);
        Apply(_state.Drain());
        if (drain.Timeout <= TimeSpan.Zero || (_phase == CoordinatorPhase.Forming && _state.HoldsNoKv))
            StopNow();
    }

    private void StopNow()
    {
        Enter(_state.Stop());
        Stop();
    }

    private void TickLater() => Timers.StartSingleTimer(SecondTimer, CoordinatorProtocol.Tick.Instance, s_second);

    private void Publish(CoordinatorPhase phase) => _context.Status = new CoordinatorStatus(
        phase, _state.Epoch, _state.QueuedCount, _state.RunningCount, _state.InFlight.Count, _state.StepsDone, _state.FreeKvBlocks,
        _state.UsableKvBlocks);

    private static PipelineFault RankLost(int rank, long step, string message) =>
        new(FaultKind.RankLost, "RankPipeline", -1, rank, step, message);
}
