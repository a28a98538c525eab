using AkkaCp.Actors.Edge;
using AkkaCp.Actors.Protocol;
using AkkaCp.Scheduling.Requests;

namespace AkkaCp.Engine.Generation;

/// <summary>Who answers requests: the ranks of this process, a cluster, or a test's fake.</summary>
internal interface IGenerationBackend : IAsyncDisposable
{
    /// <summary>
    /// Hands a request in and gives its replies, a terminal one last. Cancelling the token cancels the request, which still ends with its
    /// terminal reply.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="rows">Takes the logits where the request asks for all of them; null for none.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    IAsyncEnumerable<GenerationProtocol.IReply> Submit(
        GenerationProtocol.Submit request, LogitsRow? rows, CancellationToken cancellationToken);

    /// <summary>Tensors of steps that are in use now, on all devices; after disposal those that were never given back.</summary>
    int LiveTensors { get; }

    /// <summary>How the ranks are.</summary>
    EngineHealth Health { get; }

    /// <summary>Asks how the ranks are; what nobody answers in time is unknown.</summary>
    Task<EngineHealth> CheckHealthAsync(TimeSpan timeout, CancellationToken cancellationToken);

    /// <summary>Asks for all nodes and the group; null when no coordinator answers in time.</summary>
    Task<ClusterStatus?> StatusAsync(TimeSpan timeout, CancellationToken cancellationToken);
}
