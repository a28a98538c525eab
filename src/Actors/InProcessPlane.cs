using Akka.Actor;
using AkkaCp.Actors.Cluster;
using AkkaCp.Actors.Coordinator;
using AkkaCp.Actors.Edge;
using AkkaCp.Actors.Logging;
using AkkaCp.Actors.Nodes;
using AkkaCp.Actors.Protocol;
using AkkaCp.Settings;

namespace AkkaCp.Actors;

/// <summary>
/// One process as a whole group: the coordinator, one node and its ranks, without remoting. It listens on nothing.
/// </summary>
public sealed class InProcessPlane : ControlPlane
{
    // Seen in logs only.
    private const string SystemName = "akka-cp";
    private static readonly TimeSpan s_lastWords = TimeSpan.FromSeconds(2);

    private readonly CoordinatorContext _context;
    private readonly IActorRef _coordinator;

    private InProcessPlane(ActorSystem system, CoordinatorContext context, NodeContext node, EdgeRules rules)
        : base(rules, node.Host.Facts.ToClient())
    {
        System = system;
        _context = context;
        _coordinator = system.ActorOf(CoordinatorActor.Props(context), "coordinator");
        Locator = system.ActorOf(NodeActor.Props(node, _coordinator, _coordinator), NodeProtocol.ActorName);
        Requests.Attach(system, Locator);
    }

    /// <summary>Ends when all ranks are built for the first time; faulted when one cannot be.</summary>
    public Task Ready => _context.Ready;

    /// <summary>The last picture of the coordinator.</summary>
    public CoordinatorStatus Status => _context.Status;

    internal override ActorSystem System { get; }

    private protected override IActorRef Locator { get; }

    /// <summary>Starts the actors; requests may be submitted at once and wait until the ranks are built.</summary>
    /// <exception cref="ArgumentException">An option is out of its range, or the host's offer has no place for some rank.</exception>
    public static InProcessPlane Start(EngineSettings settings, NodeOptions options)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(options);
        var context = CoordinatorSetup.Context(settings, options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Host.Offer.Places, options.WorldSize);
        var setup = BootstrapSetup.Create().WithConfig(AkkaConfig.Of(settings)).And(new LoggerSetup(options.Loggers));
        var system = ActorSystem.Create(SystemName, setup);
        try
        {
            return new InProcessPlane(system, context, NodeContext.Of(options), EdgeRules.Of(settings.Cluster, () => "this process"));
        }
        catch
        {
            _ = system.Terminate();
            throw;
        }
    }

    private protected override async Task StopOnceAsync(TimeSpan drain)
    {
        var limit = drain + (2 * RankProtocol.CloseTimeout);
        try
        {
            await _coordinator.GracefulStop(limit, new CoordinatorProtocol.Drain(drain)).ConfigureAwait(false);
        }
        finally
        {
            _ = Requests.Close();

            // The coordinator's last words may still be on their way through the edges, and would end with the system.
            await Task.WhenAny(Requests.AllEndedAsync(), Task.Delay(s_lastWords)).ConfigureAwait(false);
            await System.Terminate().ConfigureAwait(false);
            Requests.EndAll();
        }
    }
}
