namespace AkkaCp.Collectives.Setup;

/// <summary>A process that takes no part in the epoch any more.</summary>
/// <param name="Endpoint">The process.</param>
/// <param name="Ranks">Its global ranks.</param>
/// <param name="Reason">What was seen: closed, silent, or a breach of the protocol.</param>
public sealed record PeerLoss(PeerEndpoint Endpoint, IReadOnlyList<int> Ranks, string Reason)
{
    /// <summary>Ranks, endpoint and reason.</summary>
    public override string ToString() => $"rank {string.Join(", ", Ranks)} at {Endpoint}: {Reason}";
}
