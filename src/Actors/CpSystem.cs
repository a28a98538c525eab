using Akka.Actor;
using AkkaCp.Actors.Cluster;
using AkkaCp.Actors.Coordinator;
using AkkaCp.Actors.Edge;
using AkkaCp.Actors.Logging;
using AkkaCp.Actors.Nodes;
using AkkaCp.Actors.Protocol;
using AkkaCp.Scheduling.Requests;
using AkkaCp.Settings;

namespace AkkaCp.Actors;

/// <summary>One process's coordinator and ranks: takes requests, gives streams of replies. Safe for use by any number of threads.</summary>
public sealed class CpSystem : IAsyncDisposable
{
    private static readonly TimeSpan s_lastWords = TimeSpan.FromSeconds(2);

    private readonly ActorSystem _system;
    private readonly CoordinatorContext _context;
    private readonly IActorRef _coordinator;
    private readonly OpenRequests _requests;
    private readonly Lock _stopLock = new();
    private Task? _stop;

    private CpSystem(ActorSystem system, CoordinatorContext context, NodeContext node, EdgeRules edgeRules)
    {
        _system = system;
        _context = context;
        _requests = new OpenRequests(edgeRules, node.Host.Facts.ToClient());
        _coordinator = system.ActorOf(CoordinatorActor.Props(context), "coordinator");
        _requests.Attach(system, system.ActorOf(NodeActor.Props(node, _coordinator, _coordinator), NodeProtocol.ActorName));
    }

    /// <summary>Ends when all ranks are built for the first time; faulted when one cannot be.</summary>
    public Task Ready => _context.Ready;

    /// <summary>The last picture of the coordinator.</summary>
    public CoordinatorStatus Status => _context.Status;

    /// <summary>For tests: time, and actors by path.</summary>
    internal ActorSystem System => _system;

    /// <summary>Starts the actors; requests may be submitted at once and wait until the ranks are built.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public static CpSystem Start(EngineSettings settings, CpSystemOptions options)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(options);
        var context = CoordinatorSetup.Context(
            settings, options.Host.Facts, options.WorldSize, options.CpSize, options.VocabSize, options.ContextLength);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Host.Offer.Places, options.WorldSize);
        var setup = BootstrapSetup.Create().WithConfig(AkkaConfig.Of(settings)).And(new LoggerSetup(options.Loggers));
        var system = ActorSystem.Create(options.Name, setup);
        try
        {
            return new CpSystem(system, context, new NodeContext(options.Host), EdgeRules.Of(settings.Cluster, () => "this process"));
        }
        catch
        {
            _ = system.Terminate();
            throw;
        }
    }

    /// <summary>
    /// Runs one request, from the begin of the enumeration on. The stream ends with exactly one terminal reply, Completed or Failed; it
    /// does not throw. Cancelling the token, or leaving the enumeration, cancels the request; the stream still ends with its terminal
    /// reply. Replies wait for a slow reader; only progress is dropped meanwhile.
    /// </summary>
    public IAsyncEnumerable<GenerationProtocol.IReply> Submit(
        GenerationProtocol.Submit request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(request.Sampling);
        return _requests.RunAsync(request, rows: null, cancellationToken);
    }

    /// <summary>Refuses new requests, gives running ones up to <paramref name="drain"/>, ends the rest, disposes the pipelines.</summary>
    public Task StopAsync(TimeSpan drain)
    {
        lock (_stopLock)
            return _stop ??= StopOnceAsync(drain);
    }

    /// <summary>Stops without draining.</summary>
    public ValueTask DisposeAsync() => new(StopAsync(TimeSpan.Zero));

    private async Task StopOnceAsync(TimeSpan drain)
    {
        var limit = drain + (2 * RankProtocol.CloseTimeout);
        try
        {
            await _coordinator.GracefulStop(limit, new CoordinatorProtocol.Drain(drain)).ConfigureAwait(false);
        }
        finally
        {
            _ = _requests.Close();

            // The coordinator's last words may still be on their way through the edges, and would end with the system.
            await Task.WhenAny(_requests.AllEndedAsync(), Task.Delay(s_lastWords)).ConfigureAwait(false);
            await _system.Terminate().ConfigureAwait(false);
            _requests.EndAll();
        }
    }
}
