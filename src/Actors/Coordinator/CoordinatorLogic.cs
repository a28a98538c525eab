using Akka.Actor;
using Akka.Event;
using AkkaCp.Actors.Logic;
using AkkaCp.Actors.Protocol;
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
internal sealed partial class CoordinatorLogic
{
    private const string DrainTimer = "drain";
    private const string SecondTimer = "second";
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    private readonly CoordinatorContext _context;
    private readonly IActorPort _port;
    private readonly ILoggingAdapter _log;
    private readonly ReplyOutbox _outbox = new();
    private SchedulerState _state;
    private CoordinatorPhase _phase = CoordinatorPhase.Forming;
    private IActorRef _sender = ActorRefs.Nobody;
    private bool _isStopping;

    /// <summary>Starts in Forming.</summary>
    /// <exception cref="ArgumentException">The context's limits cannot be.</exception>
    public CoordinatorLogic(CoordinatorContext context, IActorPort port)
    {
        (_context, _port, _log) = (context, port, port.Log);
        _state = SchedulerState.Create(context.Limits, context.NextSequenceId);
        _roster = Roster.Create(context.Facts, context.Limits.WorldSize);
        _hashes = new HashExchange(port.TellLarge);
        _settling = context.Rules.Settling;
    }

    /// <summary>What it knows of requests and steps.</summary>
    internal SchedulerState State => _state;

    /// <summary>What it has told edges.</summary>
    internal ReplyOutbox Outbox => _outbox;

    private CoordinatorRules Rules => _context.Rules;

    private IActorRef Self => _port.Self;

    private bool IsServing => _table is not null;

    /// <summary>The first turn.</summary>
    public void Start()
    {
        Publish(_phase);
        TickLater();
        Form();
    }

    /// <summary>One turn.</summary>
    /// <returns>Whether the message is one of a coordinator's.</returns>
    public bool Hear(object message, IActorRef sender)
    {
        _sender = sender;
        switch (message)
        {
            case GenerationProtocol.ICommand command:
                Hear(command);
                break;
            case NodeProtocol.Heartbeat heartbeat:
                Hear(heartbeat);
                break;
            case NodeProtocol.Died died:
                Hear(died);
                break;
            case NodeProtocol.Closed closed:
                Hear(closed);
                break;
            case RankProtocol.IEvent happened when IsServing:
                HearServing(happened);
                break;
            case RankProtocol.IEvent happened when !_isStopping:
                HearForming(happened);
                break;
            case RankProtocol.IEvent:
                break;
            case HashProtocol.Own own:
                Hear(hashes => hashes.Take(own));
                break;
            case HashProtocol.Table carried:
                Hear(hashes => hashes.Take(carried));
                break;
            case Foreign foreign:
                Refuse(foreign);
                break;
            default:
                return HearOfItself(message);
        }

        return true;
    }

    /// <summary>The last turn.</summary>
    /// <remarks>Whoever is sent away looks for a coordinator and hands its request in there; after a restart, here.</remarks>
    public void End()
    {
        _outbox.Dismiss(Self);
        Publish(CoordinatorPhase.Stopped);
    }

    private void Hear(GenerationProtocol.ICommand command)
    {
        switch (command)
        {
            case EdgeProtocol.HandIn handIn:
                Submit(handIn.Request, handIn.Client ?? ClientFacts.None);
                break;
            case GenerationProtocol.Cancel:
                Apply(_state.Cancel(command.RequestId));
                break;
            case EdgeProtocol.Poll poll:
                _outbox.Answer(poll.RequestId, poll.Known, _sender, Self, WhatIsMissing());
                break;
            case EdgeProtocol.Done:
                Forget(command.RequestId);
                break;
        }
    }

    /// <summary>
    /// Its edge waits for nothing more. One that still runs here would run for nobody, and beside itself if the edge hands it in again.
    /// </summary>
    private void Forget(Guid requestId)
    {
        _outbox.Forget(requestId);
        Apply(_state.Cancel(requestId));
    }

    /// <summary>What the program and the coordinator itself say to it.</summary>
    private bool HearOfItself(object message)
    {
        switch (message)
        {
            case CoordinatorProtocol.Tick:
                Tick();
                break;
            case CoordinatorProtocol.FormNow:
                Form();
                break;
            case CoordinatorProtocol.StepTimedOut late:
                if (IsServing && late.Epoch == _state.Epoch && _state.InFlight.ContainsKey(late.Step))
                    StepTimedOut(late);
                break;
            case CoordinatorProtocol.AskStatus:
                _sender.Tell(new CoordinatorProtocol.StatusTold(Status()), Self);
                break;
            case CoordinatorProtocol.HandOver:
                _port.Stop();
                break;
            case CoordinatorProtocol.Drain drain:
                Drain(drain);
                break;
            case CoordinatorProtocol.DrainExpired:
                StopNow();
                break;
            default:
                return false;
        }

        return true;
    }

    private void Tick()
    {
        if (_isStopping)
            TickStopping();
        else if (IsServing)
            TickServing();
        else
            TickForming();
    }

    /// <remarks>A request that is handed in again is asked after: its edge did not hear that it was taken.</remarks>
    private void Submit(GenerationProtocol.Submit submit, ClientFacts client)
    {
        if (_context.Facts.DifferencesTo(client) is { Count: > 0 } differences)
            Reject(submit, $"the client differs from the cluster: {string.Join("; ", differences)}");
        else if (_outbox.TryAdd(submit, _sender))
            Apply(_state.Submit(submit));
        else if (_sender.Equals(_outbox.EdgeOf(submit.RequestId)))
            _outbox.Answer(submit.RequestId, submit.Tokens.Length, _sender, Self, WhatIsMissing());
        else
            Reject(submit, $"request id: expected one that is not in use, found {submit.RequestId}");
    }

    /// <summary>Refuses a request that never was in the outbox.</summary>
    private void Reject(GenerationProtocol.Submit submit, string why)
    {
        _log.Info("a request of {0} is refused: {1}", _sender.Path.Address, why);
        var refusal = new GenerationProtocol.Failed(submit.RequestId, FailureKind.Invalid, why);
        _sender.Tell(new EdgeProtocol.Ended(submit.RequestId, submit.Tokens.IsDefault ? 0 : submit.Tokens.Length, refusal), Self);
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
            _port.StartTimer(DrainTimer, CoordinatorProtocol.DrainExpired.Instance, drain.Timeout);
        Apply(_state.Drain());
        if (drain.Timeout <= TimeSpan.Zero || (_phase == CoordinatorPhase.Forming && _state.HoldsNoKv))
            StopNow();
    }

    private void StopNow()
    {
        Enter(_state.Stop());
        Stop();
    }

    private void TickLater() => _port.StartTimer(SecondTimer, CoordinatorProtocol.Tick.Instance, s_second);

    private void Publish(CoordinatorPhase phase) => _context.Status = CoordinatorStatus.Of(phase, _state);

    private static PipelineFault RankLost(int rank, long step, string message) =>
        new(FaultKind.RankLost, "RankPipeline", -1, rank, step, message);
}
