using Akka.Actor;
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
}
