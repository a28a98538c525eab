using AkkaCp.Collectives.Setup;

namespace AkkaCp.Collectives;

/// <summary>
/// A process's end of the data plane: one listener for the life of the process, and for each epoch the connections to the processes of
/// the other ranks. Disposing closes everything. Any thread may call.
/// </summary>
public interface IDataPlane : IAsyncDisposable
{
    /// <summary>Where peers reach this process: the advertised address, else the bound one.</summary>
    PeerEndpoint Endpoint { get; }

    /// <summary>What has happened so far.</summary>
    TransportCounters Counters { get; }

    /// <summary>
    /// Connects this process's ranks with all others of an epoch, both ways. Peers that have not been told of the epoch yet, or do not
    /// listen yet, are tried again until <see cref="DataPlaneOptions.ConnectTimeout"/>; one that refuses for good ends the attempt.
    /// The mesh of the epoch before is closed first.
    /// </summary>
    /// <param name="spec">The epoch.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The ranks' groups; the caller disposes it to close the epoch.</returns>
    /// <exception cref="ArgumentException">The spec is not one: an epoch not above the last, endpoints that do not cover the ranks,
    /// local ranks that are not at this process's endpoint.</exception>
    /// <exception cref="MeshConnectException">Peers refused, or were not reached in time; it names each with its reason.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    Task<IRankMesh> ConnectAsync(MeshSpec spec, CancellationToken cancellationToken);

    /// <summary>Asks whether a process answers on its data port, how fast, and what it is; needs no epoch.</summary>
    /// <param name="peer">The process.</param>
    /// <param name="payloadBytes">Bytes sent there and back to measure the bandwidth, 0 for none; at most 64 MiB.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>An answer in bounded time, whatever the peer does.</returns>
    Task<PeerProbe> ProbeAsync(PeerEndpoint peer, int payloadBytes, CancellationToken cancellationToken);
}
