using System.Diagnostics;
using Akka.Actor;
using AkkaCp.Actors.Links;
using AkkaCp.Actors.Nodes;
using AkkaCp.Actors.Protocol;

namespace AkkaCp.Actors.Cluster;

/// <summary>Questions to a cluster, asked from outside its actors.</summary>
internal static class ClusterQuestions
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan s_once = TimeSpan.FromSeconds(2);

    /// <summary>The coordinator's picture; null when none is found in time.</summary>
    /// <param name="locator">Answers <see cref="NodeProtocol.Locate"/>.</param>
    /// <param name="timeout">Bounds all of it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<ClusterStatus?> StatusAsync(ICanTell locator, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(timeout);
        while (!patience.IsCancellationRequested)
        {
            try
            {
                var located = await locator.Ask<NodeProtocol.Located>(NodeProtocol.Locate.Instance, s_once, patience.Token)
                    .ConfigureAwait(false);
                if (located.Coordinator is { } coordinator)
                {
                    var told = await coordinator.Ask<CoordinatorProtocol.StatusTold>(
                        CoordinatorProtocol.AskStatus.Instance, s_once, patience.Token).ConfigureAwait(false);
                    return told.Status;
                }

                await Task.Delay(s_pause, patience.Token).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is AskTimeoutException or OperationCanceledException)
            {
                // Asked again while there is time.
            }
        }

        cancellationToken.ThrowIfCancellationRequested();
        return null;
    }

    /// <summary>What a seed says of itself, also while there is no coordinator.</summary>
    public static async Task<SeedReport> SeedAsync(ActorSystem system, string seed, TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            var node = system.ActorSelection(NodeProbe.NodePath(system, seed));
            await node.Ask<NodeProtocol.Located>(NodeProtocol.Locate.Instance, timeout, cancellationToken).ConfigureAwait(false);
            var start = Stopwatch.GetTimestamp();
            var located = await node.Ask<NodeProtocol.Located>(NodeProtocol.Locate.Instance, timeout, cancellationToken)
                .ConfigureAwait(false);
            var coordinator = located.Coordinator is { } found ? ControlAddress.Text(found.Path.Address) : "";
            return new SeedReport(seed, Stopwatch.GetElapsedTime(start), located.Status, coordinator);
        }
        catch (AskTimeoutException)
        {
            return new SeedReport(seed, TimeSpan.Zero, null, "");
        }
    }

    /// <summary>Lets a node measure its way to another one.</summary>
    public static async Task<ReachReport> ReachAsync(
        ActorSystem system, NodeReport from, NodeReport to, TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            var node = system.ActorSelection(NodeProbe.NodePath(system, from.Control));
            var probed = await node.Ask<NodeProtocol.Probed>(
                new NodeProtocol.Probe(to.Control, to.Offer.DataEndpoint), timeout, cancellationToken).ConfigureAwait(false);
            return new ReachReport(from.Offer.Name, to.Offer.Name, probed.Control, probed.Data);
        }
        catch (AskTimeoutException)
        {
            return new ReachReport(
                from.Offer.Name, to.Offer.Name, TimeSpan.Zero, new DataLink(TimeSpan.Zero, 0, $"{from.Offer.Name} did not answer"));
        }
    }
}
