using System.Runtime.CompilerServices;
using Akka.Actor;
using AkkaCp.Actors.Protocol;
using AkkaCp.Scheduling.Requests;

namespace AkkaCp.Actors.Edge;

/// <summary>
/// The requests of this process's clients. Each has an actor while there is an actor system; when a node starts a new one, its requests
/// go on there with the tokens that they have. Safe for use by any number of threads.
/// </summary>
/// <param name="rules">How patient they are.</param>
/// <param name="client">What the coordinator is told of this process.</param>
/// <param name="delayed">Told when one waits for the cluster, on an actor's thread; null for nobody.</param>
internal sealed class OpenRequests(EdgeRules rules, ClientFacts client, Action<ClusterWait>? delayed = null)
{
    private const string Closing = "the engine is shutting down";

    private readonly Lock _lock = new();
    private readonly HashSet<OpenRequest> _open = [];
    private ActorSystem? _system;
    private IActorRef _locator = ActorRefs.Nobody;
    private TaskCompletionSource _empty = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isClosed;

    /// <summary>Requests without a terminal reply, or whose client has not read it.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _open.Count;
        }
    }

    /// <summary>Runs one request, from the begin of the enumeration on, up to its one terminal reply.</summary>
    public async IAsyncEnumerable<GenerationProtocol.IReply> RunAsync(
        GenerationProtocol.Submit submit, LogitsRow? rows, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var request = new OpenRequest(submit, rows, delayed ?? (_ => { }), client);
        Open(request);
        using var registration = cancellationToken.UnsafeRegister(_ => request.Cancel(), null);
        try
        {
            await foreach (var reply in request.Replies.ReadAllAsync().ConfigureAwait(false))
                yield return reply;
        }
        finally
        {
            // Of a request that has ended the actor is gone, and nobody hears this.
            request.Cancel();
            Forget(request);
        }
    }

    /// <summary>Actors of this system work for the requests from now on.</summary>
    /// <param name="system">The system.</param>
    /// <param name="locator">Answers <see cref="NodeProtocol.Locate"/> there.</param>
    public void Attach(ActorSystem system, IActorRef locator)
    {
        lock (_lock)
        {
            (_system, _locator) = (system, locator);
            foreach (var request in _open)
                Start(request);
        }
    }

    /// <summary>The system ends; requests wait for the next.</summary>
    public void Detach()
    {
        lock (_lock)
        {
            foreach (var request in _open)
            {
                if (request.Attach(null) is { } edge)
                    _system?.Stop(edge);
            }

            _system = null;
        }
    }

    /// <summary>Takes no more requests.</summary>
    /// <returns>Ends when those that are open have ended.</returns>
    public Task Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            if (_open.Count == 0)
                _empty.TrySetResult();
            return _empty.Task;
        }
    }

    /// <summary>Ends when every open request has its terminal reply, read or not.</summary>
    public Task AllEndedAsync()
    {
        lock (_lock)
            return Task.WhenAll(_open.Select(request => request.Replies.Ended));
    }

    /// <summary>Ends what is open.</summary>
    public void EndAll()
    {
        lock (_lock)
        {
            foreach (var request in _open)
                request.End(Closing);
        }
    }

    private void Open(OpenRequest request)
    {
        lock (_lock)
        {
            if (_isClosed)
            {
                request.End(Closing);
                return;
            }

            _open.Add(request);
            if (_system is not null)
                Start(request);
        }
    }

    private void Forget(OpenRequest request)
    {
        lock (_lock)
        {
            _open.Remove(request);
            if (_isClosed && _open.Count == 0)
                _empty.TrySetResult();
        }
    }

    private void Start(OpenRequest request)
    {
        try
        {
            request.Attach(_system!.ActorOf(EdgeActor.Props(_locator, request, rules)));
        }
        catch (InvalidOperationException)
        {
            // The system takes no more actors: it is terminating. The next one, or the end, is near.
            request.Attach(null);
        }
    }
}
