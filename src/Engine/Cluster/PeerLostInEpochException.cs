using AkkaCp.Collectives.Setup;

namespace AkkaCp.Engine.Cluster;

/// <summary>A peer of the epoch is gone.</summary>
internal sealed class PeerLostInEpochException(PeerLoss loss) : Exception($"lost {loss}");
