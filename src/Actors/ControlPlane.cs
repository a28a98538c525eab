using Akka.Actor;
using AkkaCp.Actors.Cluster;
using AkkaCp.Actors.Edge;
using AkkaCp.Actors.Protocol;
using AkkaCp.Scheduling.Requests;

namespace AkkaCp.Actors;

/// <summary>
/// The control plane as one process has it: takes requests, gives streams of replies. It is started as a group of its own
/// (<see cref="InProcessPlane"/>), as a node of a cluster (<see cref="NodePlane"/>) or as its client (<see cref="ClientPlane"/>); what a
/// request goes through is the same. Safe for use by any number of threads.
/// </summary>
public abstract class ControlPlane : IAsyncDisposable
{
    private readonly Lock _stopLock = new();
    private Task? _stop;

    private protected ControlPlane(EdgeRules rules, ClientFacts client, Action<ClusterWait>? waiting = null) =>
        Requests = new OpenRequests(rules, client, waiting);

    /// <summary>For tests: time, and actors by path.</summary>
    internal abstract ActorSystem System { get; }

    /// <summary>The requests of this process.</summary>
    private protected OpenRequests Requests { get; }

    /// <summary>Answers <see cref="NodeProtocol.Locate"/>.</summary>
    private protected abstract IActorRef Locator { get; }

    /// <summary>
    /// Runs one request, from the begin of the enumeration on. The stream ends with exactly one terminal reply, Completed or Failed; it
    /// does not throw. It outlives the loss of any other node. Cancelling the token, or leaving the enumeration, cancels the request; the
    /// stream still ends with its terminal reply. Replies wait for a slow reader; only progress is dropped meanwhile. In a cluster, it
    /// fails after <c>akka-cp.cluster.wait-for-nodes</c> without a coordinator.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="rows">Takes the logits of all rows where the request asks for them; null for none.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    public IAsyncEnumerable<GenerationProtocol.IReply> Submit(
        GenerationProtocol.Submit request, LogitsRow? rows = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(request.Sampling);
        return Requests.RunAsync(request, rows, cancellationToken);
    }

    /// <summary>Asks the coordinator for all nodes and the group; null when no coordinator is found in time.</summary>
    public Task<ClusterStatus?> StatusAsync(TimeSpan timeout, CancellationToken cancellationToken = default) =>
        ClusterQuestions.StatusAsync(Locator, timeout, cancellationToken);

    /// <summary>Takes no more requests, gives running ones up to <paramref name="drain"/>, ends the rest, and leaves.</summary>
    public Task StopAsync(TimeSpan drain)
    {
        lock (_stopLock)
            return _stop ??= StopOnceAsync(drain);
    }

    /// <summary>Stops without draining.</summary>
    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return new ValueTask(StopAsync(TimeSpan.Zero));
    }

    private protected abstract Task StopOnceAsync(TimeSpan drain);
}
