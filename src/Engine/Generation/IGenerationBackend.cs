using AkkaCp.Actors.Protocol;

namespace AkkaCp.Engine.Generation;

/// <summary>Who answers requests: the ranks of this process, or a test's fake.</summary>
internal interface IGenerationBackend : IAsyncDisposable
{
    /// <summary>
    /// Hands a request in and gives its replies, a terminal one last. Cancelling the token cancels the request and ends the
    /// replies with an <see cref="OperationCanceledException"/>.
    /// </summary>
    IAsyncEnumerable<GenerationProtocol.IReply> Submit(GenerationProtocol.Submit request, CancellationToken cancellationToken);

    /// <summary>Tensors of steps that are in use now, on all devices; after disposal those that were never given back.</summary>
    int LiveTensors { get; }

    /// <summary>How the ranks are.</summary>
    EngineHealth Health { get; }
}
