using System.Collections.Concurrent;
using System.Net;
using AkkaCp.Collectives.Connecting;
using AkkaCp.Collectives.Links;
using AkkaCp.Collectives.Setup;
using AkkaCp.Collectives.Wire;
using Microsoft.Extensions.Logging.Abstractions;

namespace AkkaCp.Collectives.Tests.Faults;

/// <summary>A process of an epoch that shakes hands as it should, and then sends whatever a test wants, heartbeats left out.</summary>
internal sealed class RawPeer : IDisposable
{
    private readonly Listener _listener;
    private readonly ConcurrentBag<Connection> _accepted = [];
    private readonly Dictionary<PeerEndpoint, Connection> _dialled = [];
    private readonly DataPlaneOptions _options;

    public RawPeer(DataPlaneOptions options)
    {
        _options = options;
        _listener = new Listener(
            IPAddress.Loopback, options, new RefusalLog(NullLogger.Instance, new TransportMeter(), TimeProvider.System),
            (_, connection) => new Admission(HelloAnswer.Welcome, () => Drain(connection)));
        Endpoint = new PeerEndpoint("127.0.0.1", _listener.Bound.Port);
    }

    public PeerEndpoint Endpoint { get; }

    /// <summary>Connects with every other process of the spec.</summary>
    public void Join(MeshSpec spec)
    {
        foreach (var endpoint in spec.Endpoints.Distinct().Where(endpoint => endpoint != Endpoint))
        {
            int[] ranks = [.. Enumerable.Range(0, spec.Endpoints.Count).Where(rank => spec.Endpoints[rank] == endpoint)];
            Connection? connection = null;
            while (connection is null)
            {
                connection = Dialer.TryDial(endpoint, Hello.Of(spec, _options, ranks), _options, out var answer, CancellationToken.None);
                if (answer.Verdict == HelloVerdict.Refused)
                    throw new InvalidOperationException(answer.Reason);
            }

            _dialled.Add(endpoint, connection);
        }
    }

    public void Send(PeerEndpoint to, ReadOnlySpan<byte> bytes) => _dialled[to].Send(bytes);

    public void Send(PeerEndpoint to, FrameHeader header, ReadOnlySpan<byte> payload = default)
    {
        var bytes = new byte[FrameHeader.Bytes + payload.Length];
        header.Write(bytes);
        payload.CopyTo(bytes.AsSpan(FrameHeader.Bytes));
        Send(to, bytes);
    }

    /// <summary>Closes everything at once, as a killed process does.</summary>
    public void Dispose()
    {
        foreach (var connection in _dialled.Values.Concat(_accepted))
            connection.Dispose();

        _listener.Dispose();
    }

    private void Drain(Connection connection)
    {
        _accepted.Add(connection);
        var buffer = new byte[64 << 10];
        try
        {
            while (connection.Receive(buffer) > 0)
            {
                // Whatever comes is taken: this peer's faults are in what it sends.
            }
        }
        catch (Exception ended) when (ended is IOException or ObjectDisposedException)
        {
            // The other side has thrown this peer out.
        }
    }
}
