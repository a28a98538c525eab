using AkkaCp.Collectives.Connecting;
using AkkaCp.Collectives.Links;
using AkkaCp.Collectives.Setup;
using AkkaCp.Collectives.Topology;
using AkkaCp.Collectives.Wire;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AkkaCp.Collectives;

/// <summary>The data plane over TCP. See <see cref="IDataPlane"/>.</summary>
public sealed class DataPlane : IDataPlane
{
    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromMilliseconds(200);

    private readonly Lock _lock = new();
    private readonly DataPlaneOptions _options;
    private readonly ILogger _log;
    private readonly TransportMeter _meter = new();
    private readonly Listener _listener;
    private readonly SemaphoreSlim _connecting = new(1);
    private RankMesh? _mesh;
    private long? _latestEpoch;

    private DataPlane(DataPlaneOptions options, ILogger log)
    {
        _options = options;
        _log = log;
        var address = AddressRule.Resolve(options.Host, options);
        _listener = new Listener(address, options, new RefusalLog(log, _meter, TimeProvider.System), Admit);
        var host = options.AdvertisedHost ?? _listener.Bound.Address.ToString();
        Endpoint = new PeerEndpoint(host, options.AdvertisedPort ?? _listener.Bound.Port);
    }

    /// <inheritdoc/>
    public PeerEndpoint Endpoint { get; }

    /// <inheritdoc/>
    public TransportCounters Counters => _meter.Counters;

    /// <summary>Opens the listener.</summary>
    /// <param name="options">Address, TLS and limits.</param>
    /// <param name="log">Hears of peers lost and connections refused.</param>
    /// <exception cref="ArgumentException">The options are wrong; all reasons are named.</exception>
    /// <exception cref="TlsFilesException">A TLS file is missing or is not what it should be.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">The address cannot be bound.</exception>
    public static DataPlane Open(DataPlaneOptions options, ILogger? log = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        OptionsCheck.Require(options);
        if (options.Tls is { } files)
            NodeTls.Check(files);

        return new DataPlane(options, log ?? NullLogger.Instance);
    }

    /// <summary>The groups of ranks that are all of this process, in one epoch: no listener is opened, and no thread started.</summary>
    /// <param name="epoch">Number of the forming; calls are tagged with it.</param>
    /// <param name="topology">The layout.</param>
    /// <param name="callTimeout">How long a call waits for its members, more than 0; null, the default, for ever.</param>
    /// <param name="time">The clock; the system's when null.</param>
    /// <exception cref="TopologyException">The layout cannot be.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The limit is zero or negative.</exception>
    public static IRankMesh InProcess(long epoch, RankTopology topology, TimeSpan? callTimeout = null, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(topology);
        if (callTimeout is { } limit)
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(limit, TimeSpan.Zero, nameof(callTimeout));

        var spec = new MeshSpec
        {
            Epoch = epoch,
            Topology = topology.Validate(),
            Endpoints = [],
            LocalRanks = [.. Enumerable.Range(0, topology.WorldSize)],
            CallTimeout = callTimeout,
            Facts = new MeshFacts("", "", ""),
        };
        return new RankMesh(spec, new DataPlaneOptions(), new TransportMeter(), time ?? TimeProvider.System, NullLogger.Instance);
    }

    /// <inheritdoc/>
    public async Task<IRankMesh> ConnectAsync(MeshSpec spec, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(spec);
        await _connecting.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            MeshSpecCheck.Require(spec, Endpoint, _latestEpoch);
            if (_mesh is { } before)
                await before.DisposeAsync().ConfigureAwait(false);

            return await ConnectAsync(Enter(spec), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _connecting.Release();
        }
    }

    /// <inheritdoc/>
    public Task<PeerProbe> ProbeAsync(PeerEndpoint peer, int payloadBytes, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentOutOfRangeException.ThrowIfNegative(payloadBytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(payloadBytes, Probing.MaxPayloadBytes);
        var result = new TaskCompletionSource<PeerProbe>(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = DataThread.Start($"probe of {peer}", () => result.SetResult(Probing.Ask(peer, payloadBytes, _options, cancellationToken)));
        return result.Task;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        if (_mesh is { } mesh)
            await mesh.DisposeAsync().ConfigureAwait(false);

        _connecting.Dispose();
    }

    // From here on peers may connect.
    private RankMesh Enter(MeshSpec spec)
    {
        lock (_lock)
        {
            _latestEpoch = spec.Epoch;
            return _mesh = new RankMesh(spec, _options, _meter, TimeProvider.System, _log);
        }
    }

    private async Task<IRankMesh> ConnectAsync(RankMesh mesh, CancellationToken cancellationToken)
    {
        var reasons = new string[mesh.Peers.Count];
        Array.Fill(reasons, "has not connected");
        for (var i = 0; i < mesh.Peers.Count; i++)
        {
            var index = i;
            mesh.Start($"data to {mesh.Peers[i].Endpoint}", () => Dial(mesh, mesh.Peers[index], reason => reasons[index] = reason));
        }

        try
        {
            await mesh.Connected.WaitAsync(_options.ConnectTimeout, cancellationToken).ConfigureAwait(false);
            return mesh;
        }
        catch (TimeoutException)
        {
            var missing = mesh.Peers.Select((peer, i) => new PeerLoss(peer.Endpoint, peer.Ranks, reasons[i]))
                .Where((_, i) => !mesh.Peers[i].IsConnected);
            var error = new MeshConnectException(mesh.Epoch, [.. missing]);
            await mesh.DisposeAsync().ConfigureAwait(false);
            throw error;
        }
        catch
        {
            await mesh.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    // A peer's sending thread: dials until it is welcome, then sends.
    private void Dial(RankMesh mesh, Peer peer, Action<string> report)
    {
        var hello = Hello.Of(mesh.Spec, _options, peer.Ranks);
        var pause = s_firstPause;
        try
        {
            while (!mesh.Closing.IsCancellationRequested)
            {
                var connection = Dialer.TryDial(peer.Endpoint, hello, _options, out var answer, mesh.Closing);
                if (connection is not null)
                {
                    report("has not connected back");
                    using (connection)
                        peer.Send.Run(connection);

                    return;
                }

                report(answer.Reason);
                if (answer.Verdict == HelloVerdict.Refused)
                {
                    mesh.Refuse(peer, answer.Reason);
                    return;
                }

                mesh.Closing.WaitHandle.WaitOne(pause);
                pause = pause * 2 < s_longestPause ? pause * 2 : s_longestPause;
            }
        }
        finally
        {
            peer.Send.Abandon();
        }
    }

    private Admission Admit(Hello hello, Connection connection)
    {
        if (hello.Purpose == HelloPurpose.Probe)
            return new Admission(HelloAnswer.Welcome, () => Probing.Answer(connection), IsProbe: true);

        lock (_lock)
            return Admitting.Decide(hello, connection, _mesh, _latestEpoch, _options);
    }
}
