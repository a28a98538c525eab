using Akka.Actor;
using AkkaCp.Actors.Protocol;
using AkkaCp.Scheduling.Requests;

namespace AkkaCp.Actors.Edge;

/// <summary>One request of this process: outlives the actor that works for it, and the actor system.</summary>
/// <param name="submit">What its client asked for.</param>
/// <param name="rows">Takes the rows of logits; null for nobody.</param>
/// <param name="delayed">Told when it waits for the cluster.</param>
/// <param name="client">What the coordinator is told of this process.</param>
internal sealed class OpenRequest(
    GenerationProtocol.Submit submit, LogitsRow? rows, Action<ClusterWait> delayed, ClientFacts client)
{
    private readonly Lock _lock = new();
    private IActorRef? _edge;
    private bool _isCancelled;

    public GenerationProtocol.Submit Submit { get; } = submit;

    public ClientFacts Client { get; } = client;

    /// <summary>The rows of logits; null when nobody takes them.</summary>
    public ReceivedRows? Rows { get; } = rows is null ? null : new ReceivedRows(rows);

    /// <summary>What the client reads.</summary>
    public ReplyBuffer Replies { get; } = new(submit.MaxNewTokens);

    /// <summary>How far the request is; null before it has begun. Written by its actor only.</summary>
    public EdgeState? State { get; set; }

    /// <summary>The end of the request, which its client does not hear of before it has all rows. Written by its actor only.</summary>
    public GenerationProtocol.Completed? Held { get; set; }

    /// <summary>An actor works for it from now on; null: none.</summary>
    /// <returns>The one that did before.</returns>
    public IActorRef? Attach(IActorRef? edge)
    {
        lock (_lock)
        {
            var before = _edge;
            _edge = edge;
            if (_isCancelled)
                _edge?.Tell(new GenerationProtocol.Cancel(Submit.RequestId));
            return before;
        }
    }

    /// <summary>The client has enough.</summary>
    public void Cancel()
    {
        lock (_lock)
        {
            _isCancelled = true;
            _edge?.Tell(new GenerationProtocol.Cancel(Submit.RequestId));
        }
    }

    /// <summary>Says that it waits for the cluster.</summary>
    public void Delayed(ClusterWait wait) => delayed(wait);

    /// <summary>Ends it from outside.</summary>
    public void End(string why)
    {
        Rows?.End();
        Replies.Write(new GenerationProtocol.Failed(Submit.RequestId, FailureKind.ShuttingDown, why));
    }
}
