using System.Diagnostics;
using AkkaCp.Actors;
using AkkaCp.Actors.Protocol;

namespace AkkaCp.Engine.Generation;

/// <summary>
/// What a cluster says of itself, as an engine's health. Who wants it without waiting gets the last answer while it is fresh, and has the
/// next one asked for.
/// </summary>
internal sealed class ClusterHealth(ClientPlane client, int ranks) : IHealthSource
{
    private const string Cluster = "cluster";

    private static readonly TimeSpan s_fresh = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_askAgain = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(3);

    private readonly Lock _gate = new();
    private EngineHealth? _last;
    private long _answeredAt;
    private Task _asking = Task.CompletedTask;

    /// <inheritdoc/>
    public EngineHealth Last
    {
        get
        {
            lock (_gate)
            {
                var age = _last is null ? TimeSpan.MaxValue : Stopwatch.GetElapsedTime(_answeredAt);
                if (age > s_askAgain && _asking.IsCompleted)
                    _asking = AskAsync(s_patience, CancellationToken.None);
                return age <= s_fresh ? _last! : Unknown;
            }
        }
    }

    private EngineHealth Unknown => EngineHealth.Of(null, ranks, null, Cluster);

    /// <inheritdoc/>
    public async Task<EngineHealth> AskAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        var health = await client.StatusAsync(timeout, cancellationToken).ConfigureAwait(false) is { } status ? Of(status) : null;
        lock (_gate)
            (_last, _answeredAt) = (health, Stopwatch.GetTimestamp());
        return health ?? Unknown;
    }

    /// <remarks>How much of its memory a node's tensors take is not told.</remarks>
    private static EngineHealth Of(ClusterStatus status)
    {
        var serving = status.Nodes.Where(node => node.Refusal.Length == 0).ToList();
        return EngineHealth.Of(
            status.Group, status.WorldSize, serving.FirstOrDefault()?.Facts.KvBlockTokens,
            serving.Count == 0 ? Cluster : string.Join("; ", serving.Select(node => node.Offer.Device).Distinct()));
    }
}
