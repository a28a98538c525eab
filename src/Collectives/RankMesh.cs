using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Groups;
using AkkaCp.Collectives.Links;
using AkkaCp.Collectives.Setup;
using AkkaCp.Collectives.Topology;
using AkkaCp.Collectives.Wire;
using AkkaCp.Npu;
using Microsoft.Extensions.Logging;

namespace AkkaCp.Collectives;

/// <summary>One epoch of this process: its peers, the links with them, and the groups of its ranks. Without peers it has no thread, and
/// nothing to connect.</summary>
internal sealed class RankMesh : IRankMesh, ILinkOwner
{
    // How long a closing mesh waits for its last frames to leave.
    private static readonly TimeSpan s_farewell = TimeSpan.FromSeconds(1);

    private readonly Peer?[] _peerOfRank;
    private readonly List<Task> _threads = [];
    private readonly TaskCompletionSource _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<PeerLoss> _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _closing = new();
    private readonly ILogger _log;
    private Task? _closed;

    public RankMesh(MeshSpec spec, DataPlaneOptions options, TransportMeter meter, TimeProvider time, ILogger log)
    {
        Spec = spec;
        Options = options;
        Meter = meter;
        _log = log;
        Closing = _closing.Token;
        _peerOfRank = new Peer?[spec.Topology.WorldSize];
        Peers = MakePeers();
        Groups = new EpochGroups(spec, options, time, rank => _peerOfRank[rank], Memory);
        if (Peers.Count == 0)
            _connected.SetResult();
    }

    public long Epoch => Spec.Epoch;

    public Task<PeerLoss> Lost => _lost.Task;

    public MeshSpec Spec { get; }

    public DataPlaneOptions Options { get; }

    public TransportMeter Meter { get; }

    /// <summary>The groups of this process's ranks.</summary>
    public EpochGroups Groups { get; }

    /// <summary>Memory of the host, whatever devices the ranks have: sockets fill it with what comes before its call, and with rows that
    /// go into a sum.</summary>
    public TensorPool Memory { get; } = new();

    public IReadOnlyList<Peer> Peers { get; }

    /// <summary>Ends when all links are there; fails with the first peer that is lost or refuses before that.</summary>
    public Task Connected => _connected.Task;

    /// <summary>Cancelled when the mesh closes.</summary>
    public CancellationToken Closing { get; }

    public IRankGroup Group(GroupKind kind, int rank) => Groups.PortOf(kind, rank)
        ?? throw new ArgumentOutOfRangeException(nameof(rank), rank, $"no {kind.Name()} group of this process has this rank");

    public void Receive(Peer peer, in FrameHeader header, FrameReader reader) => Groups.Receive(peer, header, reader);

    public void Acknowledge(Peer peer, uint consumed) => Groups.Acknowledge(peer, consumed);

    /// <summary>A peer is gone: its calls end here, and both its links.</summary>
    public void Lose(Peer peer, string reason)
    {
        var loss = new PeerLoss(peer.Endpoint, peer.Ranks, reason);
        if (!Groups.TryLose(peer, loss))
            return;

        _log.LogInformation("Epoch {Epoch}: lost {Loss}", Epoch, loss);
        _lost.TrySetResult(loss);
        _connected.TrySetException(new MeshConnectException(Epoch, [loss]));
        peer.Send.Break();
        peer.Receive?.Connection.Dispose();
    }

    /// <summary>A peer broke the protocol.</summary>
    public void Broken(Peer peer, string what)
    {
        Meter.Broken();
        _log.LogError("Epoch {Epoch}: rank {Ranks} at {Endpoint} broke the protocol: {What}",
            Epoch, string.Join(", ", peer.Ranks), peer.Endpoint, what);
    }

    /// <summary>A link's thread met with a bug; its peer is as good as gone, and calls must not wait for it.</summary>
    public void Fail(Peer peer, Exception bug)
    {
        _log.LogError(bug, "Epoch {Epoch}: the link with {Endpoint} failed", Epoch, peer.Endpoint);
        Lose(peer, $"the link failed here: {bug.Message}");
    }

    /// <summary>A link got its connection.</summary>
    public void Joined()
    {
        if (Peers.All(peer => peer.IsConnected))
            _connected.TrySetResult();
    }

    /// <summary>A peer refuses for good, so that the epoch cannot be.</summary>
    public void Refuse(Peer peer, string reason) =>
        _connected.TrySetException(new MeshConnectException(Epoch, [new PeerLoss(peer.Endpoint, peer.Ranks, reason)]));

    /// <summary>Runs a link's work on a thread of its own, which the mesh waits for when it closes.</summary>
    public void Start(string name, Action work) => Track(DataThread.Start($"{name}, epoch {Epoch}", work));

    /// <summary>A thread to wait for when the mesh closes.</summary>
    public void Track(Task thread)
    {
        lock (_threads)
        {
            _threads.RemoveAll(one => one.IsCompleted);
            _threads.Add(thread);
        }
    }

    public ValueTask DisposeAsync()
    {
        lock (_threads)
            return new ValueTask(_closed ??= CloseAsync());
    }

    private async Task CloseAsync()
    {
        Groups.Close(Peers);
        await _closing.CancelAsync().ConfigureAwait(false);
        await Task.WhenAny(SendersEnded(), Task.Delay(s_farewell)).ConfigureAwait(false);
        foreach (var peer in Peers)
        {
            peer.Send.Break();
            peer.Receive?.Connection.Dispose();
        }

        await Task.WhenAll(Threads()).ConfigureAwait(false);
        _lost.TrySetCanceled();
        _connected.TrySetCanceled();
        foreach (var peer in Peers)
            peer.Dispose();

        Memory.Dispose();
        _closing.Dispose();
    }

    private Task SendersEnded() => Task.WhenAll(Peers.Select(peer => peer.Send.Ended));

    private Task[] Threads()
    {
        lock (_threads)
            return [.. _threads];
    }

    private List<Peer> MakePeers()
    {
        var peers = new List<Peer>();
        var remote = Enumerable.Range(0, Spec.Topology.WorldSize).Except(Spec.LocalRanks);
        foreach (var ranks in remote.GroupBy(rank => Spec.Endpoints[rank]))
        {
            var peer = new Peer(ranks.Key, [.. ranks], Options, Memory);
            peer.Send = new SendLink(this, peer);
            peers.Add(peer);
            foreach (var rank in ranks)
                _peerOfRank[rank] = peer;
        }

        return peers;
    }
}
