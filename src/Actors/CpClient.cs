using System.Collections.Immutable;
using AkkaCp.Actors.Protocol;
using AkkaCp.Actors.Settings;
using Microsoft.Extensions.Logging;

namespace AkkaCp.Actors;

/// <summary>
/// Uses a cluster without being a member: finds the coordinator through the seeds of <c>akka-cp.cluster</c>. Safe for use by any number of
/// threads.
/// </summary>
public sealed class CpClient : IAsyncDisposable
{
    private CpClient()
    {
    }

    /// <summary>Opens a port of its own, on the host of <c>akka-cp.cluster</c> and a free port.</summary>
    /// <exception cref="CpSettingsException">No seeds are named, or a certificate cannot be read.</exception>
    public static CpClient Start(CpSettings settings, ILogger? logger = null) => throw new NotImplementedException();

    /// <summary>Runs one request on the cluster; the same contract as <see cref="CpNode.Submit"/>. Fails after
    /// <c>cluster.wait-for-nodes</c> when no coordinator is found.</summary>
    public IAsyncEnumerable<GenerationProtocol.IReply> Submit(
        GenerationProtocol.Submit request, LogitsRowTaker? rows = null, CancellationToken cancellationToken = default) =>
        throw new NotImplementedException();

    /// <summary>Asks the coordinator for the whole cluster; null when no coordinator is found in time.</summary>
    public Task<ClusterStatus?> StatusAsync(TimeSpan timeout, CancellationToken cancellationToken = default) =>
        throw new NotImplementedException();

    /// <summary>Each seed that answers, with what it says of itself; also while there is no coordinator.</summary>
    public Task<ImmutableArray<SeedReport>> SeedsAsync(TimeSpan timeout, CancellationToken cancellationToken = default) =>
        throw new NotImplementedException();

    /// <summary>Lets every node of the cluster measure its way to every other one.</summary>
    /// <param name="nodes">The nodes, as <see cref="StatusAsync"/> gave them.</param>
    /// <param name="timeout">Bounds all measurements together.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task<ImmutableArray<ReachReport>> ReachAsync(
        ImmutableArray<NodeReport> nodes, TimeSpan timeout, CancellationToken cancellationToken = default) =>
        throw new NotImplementedException();

    /// <summary>Ends the client; running requests end with a terminal reply.</summary>
    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
