using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using AkkaCp.Collectives.Setup;

namespace AkkaCp.Engine.Metrics;

/// <summary>What the ranks of this process, an engine's or a node's, tell the meter <see cref="EngineMeter.Name"/>.</summary>
internal sealed class RankMeter : IDisposable
{
    private readonly Meter _meter = new(EngineMeter.Name);
    private readonly ConcurrentDictionary<int, RankFigures> _ranks = new();

    /// <param name="transport">What the data plane has done; null where all ranks are here.</param>
    public RankMeter(Func<TransportCounters>? transport)
    {
        Time("akkacp.rank.busy", "Time that a rank's thread computed.", idle: false);
        Time("akkacp.rank.wait", "Time that a rank's thread waited for other ranks and computed nothing else.", idle: true);
        Count("akkacp.rank.rows", "{row}", "Rows that a rank computed.", RankNumber.Rows);
        Count("akkacp.rank.kv_gathered", "By", "Bytes of keys and values that came from other ranks.", RankNumber.KvBytesGathered);
        Count("akkacp.rank.expert_rows", "{row}", "Rows that a rank's experts computed.", RankNumber.ExpertRows);
        Count(
            "akkacp.rank.busiest_expert_rows", "{row}", "The same, were all experts as busy as the busiest of their layer and step.",
            RankNumber.BusiestExpertRows);
        _meter.CreateObservableGauge(
            "akkacp.rank.epoch", () => _ranks.Values.Select(rank => rank.Rank(RankNumber.Epoch)),
            description: "Incarnation of the group that a rank of this process is in.");
        if (transport is not null)
        {
            _meter.CreateObservableCounter(
                "akkacp.transport.bytes", () => Bytes(transport()), "By", "Bytes between this process's ranks and those of others.");
        }
    }

    /// <summary>A rank's figures.</summary>
    public RankFigures Of(int rank) => _ranks.GetOrAdd(rank, static number => new RankFigures(number));

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private static IEnumerable<Measurement<long>> Bytes(TransportCounters counters) =>
    [
        new(counters.BytesSent, new KeyValuePair<string, object?>("akkacp.direction", "sent")),
        new(counters.BytesReceived, new KeyValuePair<string, object?>("akkacp.direction", "received")),
    ];

    private void Time(string name, string description, bool idle) => _meter.CreateObservableCounter(
        name, () => _ranks.Values.SelectMany(rank => rank.Stages(idle)), "s", description);

    private void Count(string name, string unit, string description, RankNumber which) => _meter.CreateObservableCounter(
        name, () => _ranks.Values.Select(rank => rank.Rank(which)), unit, description);
}
