using AkkaCp.Actors.Protocol;
using AkkaCp.Collectives;
using AkkaCp.Collectives.Setup;
using AkkaCp.Collectives.Topology;

namespace AkkaCp.Engine.Ranks;

/// <summary>The data connections of each epoch: made once for all ranks of this process, closed when the epoch is over here.</summary>
/// <param name="plane">This process's end of the data plane; null where all ranks are here.</param>
/// <param name="topology">The layout.</param>
/// <param name="callTimeout">How long a call waits for its members where all ranks are here; null for ever.</param>
/// <param name="facts">What peers must have, too.</param>
internal sealed class EpochMeshes(IDataPlane? plane, RankTopology topology, TimeSpan? callTimeout, MeshFacts facts) : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<long, Opening> _open = [];
    private readonly List<Task> _closing = [];
    private long _oldest;

    /// <summary>The epoch's mesh; the first of this node's ranks to ask begins to connect.</summary>
    /// <exception cref="MeshConnectException">Peers refused, or were not reached in time.</exception>
    /// <exception cref="OperationCanceledException">The epoch is over, or the token was cancelled.</exception>
    public async Task<IRankMesh> ConnectAsync(EpochTable table, CancellationToken cancellationToken)
    {
        Task<IRankMesh> mesh;
        lock (_gate)
        {
            if (table.Epoch < _oldest)
                throw new OperationCanceledException($"epoch {table.Epoch} is over: {_oldest} is the oldest");
            if (!_open.TryGetValue(table.Epoch, out var opening))
                _open.Add(table.Epoch, opening = new Opening(stop => MeshAsync(table, stop)));
            // Begun under the lock: ranks that ask together must not begin two meshes of one epoch.
            mesh = opening.Mesh;
        }

        return await mesh.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Closes the meshes of epochs below this one, and makes none of theirs any more.</summary>
    public void End(long below)
    {
        lock (_gate)
        {
            _oldest = Math.Max(_oldest, below);
            foreach (var epoch in _open.Keys.Where(epoch => epoch < below).ToList())
            {
                _open.Remove(epoch, out var opening);
                _closing.Add(opening!.CloseAsync());
            }

            _closing.RemoveAll(closing => closing.IsCompleted);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        End(long.MaxValue);
        Task[] closing;
        lock (_gate)
            closing = [.. _closing];
        await Task.WhenAll(closing).ConfigureAwait(false);
    }

    private Task<IRankMesh> MeshAsync(EpochTable table, CancellationToken cancellationToken) => plane is null
        ? Task.FromResult(DataPlane.InProcess(table.Epoch, topology, callTimeout))
        : plane.ConnectAsync(SpecOf(table, plane.Endpoint.ToString()), cancellationToken);

    private MeshSpec SpecOf(EpochTable table, string here) => new()
    {
        Epoch = table.Epoch,
        Formation = table.Formation,
        Topology = topology,
        Endpoints = [.. table.Places.Select(place => Parse(place.DataEndpoint))],
        LocalRanks = [.. table.Places.Where(place => place.DataEndpoint == here).Select(place => place.Rank)],
        Facts = facts,
    };

    private static PeerEndpoint Parse(string endpoint) => PeerEndpoint.TryParse(endpoint, out var parsed)
        ? parsed
        : throw new FormatException($"data endpoint: expected host:port, found \"{endpoint}\"");

#pragma warning disable CA1001 // CloseAsync disposes the token source, when nothing of the attempt is left.
    private sealed class Opening(Func<CancellationToken, Task<IRankMesh>> connect)
#pragma warning restore CA1001
    {
        private readonly CancellationTokenSource _over = new();
        private Task<IRankMesh>? _mesh;

        // Begun by the first who asks. Used under the lock.
        public Task<IRankMesh> Mesh => _mesh ??= Task.Run(() => connect(_over.Token), CancellationToken.None);

        public async Task CloseAsync()
        {
            await _over.CancelAsync().ConfigureAwait(false);
            try
            {
                await (await Mesh.ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
            }
            catch (Exception error) when (error is MeshConnectException or OperationCanceledException or ArgumentException)
            {
                // It never came to be, and its ranks have said why.
            }

            _over.Dispose();
        }
    }
}
