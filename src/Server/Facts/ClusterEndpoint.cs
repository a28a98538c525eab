using AkkaCp.Actors.Protocol;
using AkkaCp.Server.Http;

namespace AkkaCp.Server.Facts;

/// <summary><c>GET /v1/cluster</c>: the group of ranks, and the nodes that have them.</summary>
internal static class ClusterEndpoint
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(3);

    /// <summary>Answers one request.</summary>
    public static async Task AnswerAsync(ApiCall call)
    {
        var status = await call.Engine.ClusterStatusAsync(s_patience, call.Aborted).ConfigureAwait(false)
            ?? throw ApiException.Overloaded("no coordinator of a cluster answers", s_patience);
        await call.WriteAsync(Of(status), FactsJson.Strict.ClusterPicture).ConfigureAwait(false);
    }

    private static ClusterPicture Of(ClusterStatus status) => new(
        "cluster", status.Coordinator, Word(status.Group.Phase), status.Group.Epoch, status.WorldSize, status.Group.Running,
        status.Group.Queued, status.Group.StepsDone, status.Group.FreeKvBlocks, status.Group.TotalKvBlocks, status.Group.CachedTokens,
        status.Group.PutBacks, [.. status.Nodes.Select(Of)]);

    private static NodePicture Of(NodeReport node) => new(
        node.Offer.Name, node.Control, node.Offer.DataEndpoint, Word(node.Status.State), node.Status.Ranks, node.Status.Epoch,
        node.Status.LoadProgress, node.Offer.Places, node.Offer.Device, node.Silence.TotalSeconds, node.Status.Message, node.Refusal);

    private static string Word<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();
}

/// <summary>A cluster.</summary>
internal sealed record ClusterPicture(
    string Object, string Coordinator, string Phase, long Epoch, int WorldSize, int RequestsRunning, int RequestsWaiting, long StepsDone,
    int KvBlocksFree, int KvBlocks, long CachedTokens, long PutBacks, IReadOnlyList<NodePicture> Nodes);

/// <summary>One of its nodes.</summary>
internal sealed record NodePicture(
    string Name, string Control, string Data, string State, IReadOnlyList<int> Ranks, long Epoch, double LoadProgress, int Places,
    string Device, double SilentSeconds, string Message, string Refusal);
