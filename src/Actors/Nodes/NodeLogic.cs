using System.Collections.Immutable;
using Akka.Actor;
using Akka.Event;
using AkkaCp.Actors.Protocol;

namespace AkkaCp.Actors.Nodes;

/// <summary>
/// One process's side of a group: tells the coordinator once a second what the node is, loads the shards that it is given, and leads its
/// ranks. Commands of an epoch that is not above all earlier ones are not taken, whoever sends them: so two coordinators
/// that do not know of each other cannot both use the node's ranks.
/// </summary>
internal sealed class NodeLogic
{
    private const string SecondTimer = "second";
    private const int CoordinatorSilence = 10;
    private const int Notice = 2;
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    private readonly NodeContext _context;
    private readonly INodePort _port;
    private readonly ILoggingAdapter _log;
    private readonly Guid _incarnation;
    private readonly IActorRef _way;
    private readonly NodeRanks _ranks;
    private IActorRef? _coordinator;
    private IActorRef _sender = ActorRefs.Nobody;
    private IActorRef _farewell = ActorRefs.Nobody;
    private ImmutableArray<int> _assigned = [];
    private ImmutableArray<int> _wanted;
    private string _message = "";
    private bool _isTaken;
    private bool _isLeaving;
    private int _silence;

    /// <summary>A new life of the node.</summary>
    /// <param name="context">The node.</param>
    /// <param name="way">Where heartbeats go: the coordinator, or who knows it.</param>
    /// <param name="coordinator">The coordinator where it is known from the start.</param>
    /// <param name="port">The node's actor.</param>
    public NodeLogic(NodeContext context, IActorRef way, IActorRef? coordinator, INodePort port)
    {
        (_context, _way, _coordinator, _port, _log) = (context, way, coordinator, port, port.Log);
        _incarnation = port.NewId();
        _ranks = new NodeRanks(context, port);
    }

    private NodeState State => (_isLeaving, _isTaken) switch
    {
        (true, _) => NodeState.Draining,
        (_, false) => NodeState.Joining,
        _ when !IsLoaded => NodeState.Loading,
        _ => _ranks.AreServing ? NodeState.Serving : NodeState.Ready,
    };

    private bool IsLoaded => !_wanted.IsDefault && _wanted.All(rank => _port.Ready.Ranks.Contains(rank));

    private IActorRef Self => _port.Self;

    /// <summary>The first turn.</summary>
    public void Start()
    {
        TickLater();
        Heartbeat();
    }

    /// <summary>One turn.</summary>
    /// <returns>Whether the message is one of a node's.</returns>
    public bool Hear(object message, IActorRef sender)
    {
        _sender = sender;
        switch (message)
        {
            case NodeProtocol.Assigned assigned:
                Take(assigned);
                break;
            case NodeProtocol.Refused refused:
                Refuse(refused);
                break;
            case NodeProtocol.Outsider:
                _context.IsOutsider = true;
                break;
            case NodeProtocol.Locate:
                sender.Tell(new NodeProtocol.Located(_coordinator, _context.Status), Self);
                break;
            case NodeProtocol.Leave:
                Leave();
                break;
            case NodeProtocol.Tick:
                Tick();
                break;
            case NodeProtocol.Died died:
                _ranks.Forget(died.Control);
                break;
            case LogitsProtocol.RowTaken taken:
                _ranks.Confirm(taken);
                break;
            case LogitsProtocol.RowsEnded:
                _ranks.Forget(sender);
                break;
            default:
                return HearOfRanks(message) || HearOfWeights(message);
        }

        return true;
    }

    /// <summary>The last turn.</summary>
    public void End() => _ranks.Release();

    private bool HearOfRanks(object message)
    {
        switch (message)
        {
            case RankProtocol.Close close:
                Close(close);
                break;
            case RankProtocol.Open open:
                Open(open);
                break;
            case RankProtocol.ICommand command:
                _ranks.Forward(command, _sender);
                break;
            case RankProtocol.Closed closed:
                if (_ranks.NoteClosed(closed))
                    AllClosed();
                break;
            case RankProtocol.IEvent happened:
                RankSaid(happened);
                break;
            case Terminated ended:
                if (_ranks.Remove(ended.ActorRef) is { } lost)
                    RankSaid(lost);
                break;
            default:
                return false;
        }

        return true;
    }

    private bool HearOfWeights(object message)
    {
        switch (message)
        {
            case Loaded loaded:
                LoadEnded(loaded);
                break;
            case HashProtocol.AskOwn:
                TellOwnHashes();
                break;
            case HashProtocol.AskCarried ask:
                _port.TellLarge(_sender, _context.Carried.From(ask));
                break;
            case HashProtocol.Table table:
                if (_context.Carried.Take(table))
                    Heartbeat();
                break;
            default:
                return false;
        }

        return true;
    }

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

    private void HearOfCoordinator() => (_coordinator, _silence) = (_sender, 0);

    /// <summary>Loads what is wanted; while pipelines use what is there, their end comes first.</summary>
    private void Load()
    {
        if (_wanted.IsDefault || _isLeaving || IsLoaded || !_ranks.AreClosed)
            return;
        _port.Load(_wanted);
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
            _ranks.Close(close, _sender);
        if (_ranks.Epoch == close.Epoch && _ranks.AreClosed)
            AllClosed();
        PublishAndPulse();
    }

    private void AllClosed()
    {
        _context.Host.EndEpochs(_ranks.Epoch);
        _ranks.Asker.Tell(new NodeProtocol.Closed(_ranks.Epoch, _context.Host.Offer.Name), Self);
        Load();
        PublishAndPulse();
        SayFarewell();
    }

    private void Open(RankProtocol.Open open)
    {
        if (open.Epoch == _ranks.Epoch && _ranks.CanOpen)
            _ranks.Open(open, _sender, _context.Host.Offer.Name);
    }

    private void RankSaid(RankProtocol.IEvent happened)
    {
        if (happened.Epoch != _ranks.Epoch)
            return;
        _ranks.Note(happened);
        _ranks.Asker.Tell(happened, Self);
        PublishAndPulse();
    }

    private void Leave()
    {
        (_isLeaving, _message) = (true, "");
        _farewell = _sender;
        PublishAndPulse();
        SayFarewell();
    }

    private void SayFarewell()
    {
        if (_isLeaving && _ranks.AreClosed)
            _farewell.Tell(NodeProtocol.Left.Instance, Self);
    }

    private void Tick()
    {
        TickLater();
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
        var progress = IsLoaded ? 1 : Math.Round(_port.LoadProgress, 1);
        var status = new NodeStatus(State, _assigned, progress, _ranks.ServedEpoch, _message);
        if (status.Equals(_context.Status) && !evenIfSame)
            return;
        _context.Publish(status);
        Heartbeat();
    }

    private void Heartbeat()
    {
        var (loaded, hashes) = _port.Ready;
        var heartbeat = new NodeProtocol.Heartbeat(
            _incarnation, _context.Host.Offer, _context.Host.Facts, _context.Status, loaded, _context.HighestEpoch, _context.Work,
            new HashProtocol.Mark(hashes.Digest, _context.Carried.Book, _context.Carried.Count));
        _way.Tell(heartbeat, Self);
    }

    private void TellOwnHashes()
    {
        var (_, hashes) = _port.Ready;
        _port.TellLarge(_sender, new HashProtocol.Own(_context.Host.Offer.Name, hashes.Digest, hashes.Hashes));
    }

    private void TickLater() => _port.StartTimer(SecondTimer, NodeProtocol.Tick.Instance, s_second);

    /// <summary>Loading has ended.</summary>
    /// <param name="Ranks">What was to be loaded.</param>
    /// <param name="Cause">Why it failed, or was given up; null when it is loaded.</param>
    internal sealed record Loaded(ImmutableArray<int> Ranks, Exception? Cause) : INoSerializationVerificationNeeded;
}
