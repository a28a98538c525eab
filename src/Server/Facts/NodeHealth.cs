using AkkaCp.Actors.Protocol;

namespace AkkaCp.Server.Facts;

/// <summary>How a node of a cluster is.</summary>
internal sealed record NodeHealth(string Status, IReadOnlyList<int> Ranks, double LoadProgress, long Epoch, string Message)
{
    /// <summary>Whether it could serve: what it was given is loaded, or it stands by.</summary>
    public static bool IsWell(NodeStatus node) => node.State is NodeState.Ready or NodeState.Serving;

    /// <summary>What probes are told.</summary>
    public static NodeHealth Of(NodeStatus node) => new(
        node.State.ToString().ToLowerInvariant(), node.Ranks, node.LoadProgress, node.Epoch, node.Message);
}
