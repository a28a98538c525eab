using AkkaCp.Collectives.Setup;

namespace AkkaCp.Collectives;

/// <summary>An epoch's connections could not be made.</summary>
/// <param name="epoch">The epoch.</param>
/// <param name="peers">Peers that are missing, each with the last reason.</param>
public sealed class MeshConnectException(long epoch, IReadOnlyList<PeerLoss> peers)
    : Exception($"epoch {epoch}: not connected with {string.Join("; ", peers)}")
{
    /// <summary>The epoch.</summary>
    public long Epoch { get; } = epoch;

    /// <summary>Peers that are missing, each with the last reason.</summary>
    public IReadOnlyList<PeerLoss> Peers { get; } = peers;
}
