using Akka.Actor;
using AkkaCp.Actors.Protocol;

namespace AkkaCp.Actors.Nodes;

/// <summary>The ranks of a node, and how far they are with the current epoch. Used on the node's own turn only.</summary>
internal sealed class NodeRanks(NodeContext context, INodePort port)
{
    private readonly Dictionary<int, IActorRef> _ranks = [];
    private readonly HashSet<int> _closing = [];
    private readonly HashSet<int> _opened = [];
    // The last is that of the epoch; earlier ones have rows that no edge has confirmed.
    private readonly List<LogitsOutlet> _outlets = [];
    private bool _isOpen;
    private Guid _formation;

    /// <summary>The epoch that was closed for, or opened, last.</summary>
    public long Epoch { get; private set; }

    /// <summary>The last epoch in which the ranks served; 0 for none.</summary>
    public long ServedEpoch { get; private set; }

    /// <summary>The coordinator of the epoch.</summary>
    public IActorRef Asker { get; private set; } = ActorRefs.Nobody;

    /// <summary>Whether no pipeline is left, and none is being built.</summary>
    public bool AreClosed => !_isOpen && _closing.Count == 0;

    /// <summary>Whether the epoch may be opened, or was.</summary>
    public bool CanOpen => _closing.Count == 0;

    /// <summary>Whether all ranks run steps.</summary>
    public bool AreServing => _isOpen && _opened.Count > 0 && _opened.Count == _ranks.Count;

    /// <summary>Closes all ranks for an epoch; a second time, nothing. One that is open stays its coordinator's: another coordinator that
    /// numbers alike has to take a higher one.</summary>
    public void Close(RankProtocol.Close close, IActorRef asker)
    {
        if (Epoch == close.Epoch && _isOpen)
            return;
        Asker = asker;
        if (Epoch == close.Epoch)
            return;
        (Epoch, _isOpen) = (close.Epoch, false);
        _opened.Clear();
        Release();
        foreach (var (rank, actor) in _ranks)
        {
            _closing.Add(rank);
            actor.Tell(close, port.Self);
        }
    }

    /// <summary>A rank has closed.</summary>
    /// <returns>Whether it was the last.</returns>
    public bool NoteClosed(RankProtocol.Closed closed) =>
        closed.Epoch == Epoch && _closing.Remove(closed.Rank) && _closing.Count == 0;

    /// <summary>
    /// Opens the ranks that the table gives to the node; a second time, they say again how far they are. Two coordinators that number alike
    /// may both ask, on the two sides of a cut; the first one has the ranks, and the other is told so, or both would take the one's steps
    /// for their own.
    /// </summary>
    public void Open(RankProtocol.Open open, IActorRef asker, string node)
    {
        var mine = open.Table.Places.Where(place => place.Node == node).Select(place => place.Rank).ToHashSet();
        if (_isOpen && _formation != open.Table.Formation)
        {
            foreach (var rank in mine)
                asker.Tell(new RankProtocol.OpenFailed(Epoch, rank, "another coordinator has opened the epoch"), port.Self);
            return;
        }

        if (!_isOpen)
            _outlets.Add(context.Outlet = port.NewOutlet());
        (Asker, _isOpen, _formation) = (asker, true, open.Table.Formation);
        foreach (var rank in _ranks.Keys.Where(rank => !mine.Contains(rank)).ToList())
            Stop(rank);
        foreach (var rank in mine)
        {
            if (!_ranks.ContainsKey(rank))
                Start(rank);
            _ranks[rank].Tell(open, asker);
        }
    }

    /// <summary>Hands a command of the epoch to all ranks, as from its sender.</summary>
    public void Forward(RankProtocol.ICommand command, IActorRef sender)
    {
        if (command.Epoch != Epoch)
            return;
        if (command is RankProtocol.RunStep run && context.Outlet is { } outlet)
        {
            foreach (var route in run.Routes)
                outlet.Connect(route);
        }

        foreach (var actor in _ranks.Values)
            actor.Tell(command, sender);
    }

    /// <summary>Notes what a rank said of its pipeline.</summary>
    public void Note(RankProtocol.IEvent happened)
    {
        if (happened is RankProtocol.Opened)
            _opened.Add(happened.Rank);
        else if (happened is RankProtocol.RankLost)
            _opened.Remove(happened.Rank);
        if (AreServing)
            ServedEpoch = Epoch;
    }

    /// <summary>A second later.</summary>
    public void Tick()
    {
        _outlets.ForEach(outlet => outlet.Tick());
        _outlets.RemoveAll(outlet => outlet != context.Outlet && outlet.Unconfirmed == 0);
    }

    /// <summary>An edge has a row of logits.</summary>
    public void Confirm(LogitsProtocol.RowTaken taken) => _outlets.ForEach(outlet => outlet.Confirm(taken));

    /// <summary>An edge takes no more rows.</summary>
    public void Forget(IActorRef edge) => _outlets.ForEach(outlet => outlet.Forget(edge));

    /// <summary>Nobody reads rows at an address any more.</summary>
    public void Forget(string control) => _outlets.ForEach(outlet => outlet.Forget(control));

    /// <summary>Nothing holds ranks back any more.</summary>
    public void Release() => _outlets.ForEach(outlet => outlet.Close());

    /// <summary>A rank's actor has ended.</summary>
    /// <returns>What is to be said of it; null when it was stopped on purpose.</returns>
    public RankProtocol.IEvent? Remove(IActorRef actor)
    {
        foreach (var (rank, known) in _ranks)
        {
            if (!known.Equals(actor))
                continue;
            _ranks.Remove(rank);
            if (_closing.Contains(rank))
                port.Self.Tell(new RankProtocol.Closed(Epoch, rank), port.Self);
            return new RankProtocol.RankLost(Epoch, rank, "its actor ended");
        }

        return null;
    }

    private void Start(int rank) => _ranks.Add(rank, port.StartRank(rank));

    private void Stop(int rank)
    {
        _ranks.Remove(rank, out var actor);
        port.StopRank(actor!);
    }
}
