using System.Collections.Immutable;
using Akka.Actor;
using Akka.Event;
using AkkaCp.Actors.Protocol;
using AkkaCp.Actors.Wire;

namespace AkkaCp.Actors.Nodes;

/// <summary>
/// One process's side of a group: tells the coordinator once a second what the node is, loads the shards that it is given, and owns the
/// actors of its ranks. Commands of an epoch that is not above all earlier ones are not taken, whoever sends them: so two coordinators
/// that do not know of each other cannot both use the node's ranks.
/// </summary>
internal sealed class NodeActor : ReceiveActor, IWithTimers
{
    private const string SecondTimer = "second";
    private const int CoordinatorSilence = 10;
    private const int Notice = 2;
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    private readonly NodeContext _context;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly Guid _incarnation = Guid.NewGuid();
    private readonly IActorRef _way;
    private readonly RankActors _ranks;
    private readonly PartsAssembler _parts = new();
    private IActorRef? _coordinator;
    private IActorRef _farewell = ActorRefs.Nobody;
    private ImmutableArray<int> _assigned = [];
    private ImmutableArray<int> _wanted;
    private string _message = "";
    private bool _isTaken;
    private bool _isLeaving;
    private int _silence;

    /// <summary>Made through <see cref="Props"/>.</summary>
    public NodeActor(NodeContext context, IActorRef way, IActorRef? coordinator)
    {
        (_context, _way, _coordinator) = (context, way, coordinator);
        _ranks = new RankActors(context, Context);
        Receive<NodeProtocol.Assigned>(Take);
        Receive<NodeProtocol.Refused>(Refuse);
        Receive<NodeProtocol.Outsider>(_ => _context.IsOutsider = true);
        Receive<RankProtocol.Close>(Close);
        Receive<RankProtocol.Open>(Open);
        Receive<RankProtocol.ICommand>(_ranks.Forward);
        Receive<RankProtocol.Closed>(closed =>
        {
            if (_ranks.NoteClosed(closed))
                AllClosed();
        });
        Receive<RankProtocol.IEvent>(RankSaid);
        Receive<Terminated>(ended =>
        {
            if (_ranks.Remove(ended.ActorRef) is { } lost)
                RankSaid(lost);
        });
        Receive<Loaded>(LoadEnded);
        Receive<NodeProtocol.Locate>(_ => Sender.Tell(new NodeProtocol.Located(_coordinator, _context.Status)));
        Receive<NodeProtocol.Leave>(_ => Leave());
        Receive<NodeProtocol.Tick>(_ => Tick());
        Receive<HashProtocol.AskOwn>(_ => TellOwnHashes());
        Receive<HashProtocol.AskCarried>(ask => Sender.TellLarge(_context.Carried.From(ask), Self, Context.System));
        Receive<HashProtocol.Table>(table =>
        {
            if (_context.Carried.Take(table))
                Heartbeat();
        });
        Receive<LogitsProtocol.RowTaken>(taken => _ranks.Confirm(taken));
        Receive<NodeProtocol.Died>(died => _ranks.Forget(died.Control));
        Receive<PartProtocol.Part>(part =>
        {
            if (_parts.Take(part, Context.System) is { } whole)
                Self.Tell(whole, Sender);
        });
        Receive<NodeProtocol.Probe>(probe => NodeProbe.RunAsync(Context.System, _context.Host, probe).PipeTo(Sender, Self));
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    private NodeState State => (_isLeaving, _isTaken) switch
    {
        (true, _) => NodeState.Draining,
        (_, false) => NodeState.Joining,
        _ when !IsLoaded => NodeState.Loading,
        _ => _ranks.AreServing ? NodeState.Serving : NodeState.Ready,
    };

    private bool IsLoaded => !_wanted.IsDefault && _wanted.All(rank => _context.Shards.Loaded.Contains(rank));

    /// <summary>How the program starts it.</summary>
    /// <param name="context">The node.</param>
    /// <param name="way">Where heartbeats go: the coordinator, or who knows it.</param>
    /// <param name="coordinator">The coordinator where it is known from the start.</param>
    public static Props Props(NodeContext context, IActorRef way, IActorRef? coordinator = null) =>
        Akka.Actor.Props.Create(() => new NodeActor(context, way, coordinator));

    /// <inheritdoc/>
    protected override void PreStart()
    {
        TickLater();
        Heartbeat();
    }

    /// <inheritdoc/>
    protected override void PostStop() => _ranks.Release();

    /// <remarks>A rank's actor that throws is stopped; the epoch ends with it.</remarks>
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Stop);

    private void Take(NodeProtocol.Assigned assigned)
    {
        HearOfCoordinator();
        (_isTaken, _message, _context.IsOutsider) = (true, "", false);
        var wanted = assigned.Ranks.IsEmpty ? assigned.Preload : assigned.Ranks;
        var isNew = !assigned.Ranks.SequenceEqual(_assigned) || _wanted.IsDefault || !wanted.SequenceEqual(_wanted);
        (_assigned, _wanted) = (assigned.Ranks, wanted);
        if (isNew)
            Load();
        PublishAndPulse();
    }

    private void Refuse(NodeProtocol.Refused refused)
    {
        HearOfCoordinator();
        if (_message != refused.Reason)
            _log.Error("the cluster refuses this node: {0}", refused.Reason);
        (_isTaken, _message, _assigned) = (false, refused.Reason, []);
        PublishAndPulse();
    }

    private void HearOfCoordinator() => (_coordinator, _silence) = (Sender, 0);

    /// <summary>Loads what is wanted; while pipelines use what is there, their end comes first.</summary>
    private void Load()
    {
        if (_wanted.IsDefault || _isLeaving || IsLoaded || !_ranks.AreClosed)
            return;
        var wanted = _wanted;
        _context.Shards.LoadAsync(wanted).PipeTo(
            Self, success: () => new Loaded(wanted, null), failure: cause => new Loaded(wanted, cause));
    }

    private void LoadEnded(Loaded loaded)
    {
        if (loaded.Cause is { } cause and not OperationCanceledException)
        {
            _log.Error(cause, "the shards of rank {0} cannot be loaded", string.Join(", ", loaded.Ranks));
            _message = $"rank {string.Join(", ", loaded.Ranks)} cannot be loaded: {cause.Message}";
            _context.Fail(cause);
        }

        PublishAndPulse();
    }

    private void Close(RankProtocol.Close close)
    {
        if (_context.TryAdvance(close.Epoch) || _ranks.Epoch == close.Epoch)
            _ranks.Close(close, Sender);
        if (_ranks.Epoch == close.Epoch && _ranks.AreClosed)
            AllClosed();
        PublishAndPulse();
    }

    private void AllClosed()
    {
        _context.Host.EndEpochs(_ranks.Epoch);
        _ranks.Asker.Tell(new NodeProtocol.Closed(_ranks.Epoch, _context.Host.Offer.Name));
        Load();
        PublishAndPulse();
        SayFarewell();
    }

    private void Open(RankProtocol.Open open)
    {
        if (open.Epoch == _ranks.Epoch && _ranks.CanOpen)
            _ranks.Open(open, Sender, _context.Host.Offer.Name);
    }

    private void RankSaid(RankProtocol.IEvent happened)
    {
        if (happened.Epoch != _ranks.Epoch)
            return;
        _ranks.Note(happened);
        _ranks.Asker.Tell(happened);
        PublishAndPulse();
    }

    private void Leave()
    {
        (_isLeaving, _message) = (true, "");
        _farewell = Sender;
        PublishAndPulse();
        SayFarewell();
    }

    private void SayFarewell()
    {
        if (_isLeaving && _ranks.AreClosed)
            _farewell.Tell(NodeProtocol.Left.Instance);
    }

    private void Tick()
    {
        TickLater();
        _parts.Tick();
        _ranks.Tick();
        if (++_silence == CoordinatorSilence)
            (_isTaken, _coordinator) = (false, null);
        if (_coordinator is null && !_isLeaving && _silence >= Notice && _context.Asked is { } asked)
            _message = $"no coordinator answers: asked {asked()}";
        PublishAndPulse(evenIfSame: true);
    }

    /// <summary>Tells the program, and the coordinator when there is something new to tell.</summary>
    private void PublishAndPulse(bool evenIfSame = false)
    {
        var progress = IsLoaded ? 1 : Math.Round(_context.Shards.Progress, 1);
        var status = new NodeStatus(State, _assigned, progress, _ranks.ServedEpoch, _message);
        if (status.Equals(_context.Status) && !evenIfSame)
            return;
        _context.Publish(status);
        Heartbeat();
    }

    private void Heartbeat()
    {
        var (loaded, hashes) = _context.Shards.Ready;
        _way.Tell(new NodeProtocol.Heartbeat(
            _incarnation, _context.Host.Offer, _context.Host.Facts, _context.Status, loaded, _context.HighestEpoch, _context.Work,
            new HashProtocol.Mark(hashes.Digest, _context.Carried.Book, _context.Carried.Count)));
    }

    private void TellOwnHashes()
    {
        var (_, hashes) = _context.Shards.Ready;
        Sender.TellLarge(new HashProtocol.Own(_context.Host.Offer.Name, hashes.Digest, hashes.Hashes), Self, Context.System);
    }

    private void TickLater() => Timers.StartSingleTimer(SecondTimer, NodeProtocol.Tick.Instance, s_second);

    private sealed record Loaded(ImmutableArray<int> Ranks, Exception? Cause) : INoSerializationVerificationNeeded;
}
