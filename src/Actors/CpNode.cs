using AkkaCp.Actors.Protocol;
using AkkaCp.Actors.Settings;

namespace AkkaCp.Actors;

/// <summary>
/// One process as a node of a cluster: joins it, loads and runs the ranks that it is given, and takes requests of its own clients.
/// When the cluster gives it up (a cut link, a long pause), it joins again with its weights loaded. Safe for use by any number of
/// threads.
/// </summary>
public sealed class CpNode : IAsyncDisposable
{
    private CpNode()
    {
    }

    /// <summary>What the node is doing.</summary>
    public NodeStatus Status => throw new NotImplementedException();

    /// <summary>The control plane's address as other nodes reach it, <c>host:port</c>.</summary>
    public string Control => throw new NotImplementedException();

    /// <summary>Ends when the node has stopped; faulted when it cannot go on, such as when its shards cannot be loaded.</summary>
    public Task Completion => throw new NotImplementedException();

    /// <summary>Binds the control plane's port and begins to join.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="CpSettingsException">The port cannot be bound, or a certificate cannot be read.</exception>
    public static CpNode Start(CpSettings settings, CpNodeOptions options) => throw new NotImplementedException();

    /// <summary>
    /// Runs one request on the cluster, from the begin of the enumeration on. The stream ends with exactly one terminal reply, Completed
    /// or Failed; it does not throw. It outlives the loss of any other node. Cancelling the token, or leaving the enumeration, cancels
    /// the request; the stream still ends with its terminal reply.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="rows">Takes the logits of all rows where the request asks for them; null for none.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    public IAsyncEnumerable<GenerationProtocol.IReply> Submit(
        GenerationProtocol.Submit request, LogitsRowTaker? rows = null, CancellationToken cancellationToken = default) =>
        throw new NotImplementedException();

    /// <summary>Asks the coordinator for the whole cluster; null when no coordinator is found in time.</summary>
    public Task<ClusterStatus?> StatusAsync(TimeSpan timeout, CancellationToken cancellationToken = default) =>
        throw new NotImplementedException();

    /// <summary>Gives the node's own requests up to <paramref name="drain"/>, hands its ranks to other nodes, and leaves.</summary>
    public Task StopAsync(TimeSpan drain) => throw new NotImplementedException();

    /// <summary>Stops without draining.</summary>
    public ValueTask DisposeAsync() => new(StopAsync(TimeSpan.Zero));
}
