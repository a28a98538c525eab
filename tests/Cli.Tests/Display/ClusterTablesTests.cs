using AkkaCp.Actors.Protocol;
using AkkaCp.Cli.Display;
using AkkaCp.Engine;
using AkkaCp.Model;
using Xunit;

namespace AkkaCp.Cli.Tests.Display;

public sealed class ClusterTablesTests
{
    [Fact]
    public void NodesAtIPv6Addresses_ArePrintedWithinEightyColumns()
    {
        var facts = new GroupFacts(
            new ModelFacts([new ModelFact("config.json", "0123456789abcdef")]), "89ab", "tp 2", "bfloat16", "avx2", 10, 128, 1);
        var nodes = new[] { "[::1]:4053", "[::1]:4055" }.Select((address, rank) => new NodeReport(
            new NodeOffer(address, $"[::1]:{6000 + rank}", 1, 16L << 30, "2 processors", 85), address,
            new NodeStatus(NodeState.Serving, [rank], 1, 7), facts, TimeSpan.Zero, "")).ToArray();
        var status = new ClusterStatus(
            nodes[0].Control, new CoordinatorStatus(CoordinatorPhase.Serving, 7, 0, 1, 2, 3, 4, 5, 6, 7), 2, [.. nodes]);
        var reach = new ReachReport(
            nodes[0].Control, nodes[1].Control, TimeSpan.FromMilliseconds(1), new DataLink(TimeSpan.FromMilliseconds(1), 2e9, null));
        using var output = new StringWriter();

        Assert.True(ClusterTables.Print(output, new ClusterInspection([], status, [reach])));
        var lines = output.ToString().ReplaceLineEndings("\n").Split('\n');
        Assert.Contains(lines, line => line.Contains("[::1]:4055", StringComparison.Ordinal)
            && line.Contains("serving rank 1 in epoch 7", StringComparison.Ordinal));
        Assert.False(ClusterTables.Print(TextWriter.Null, new ClusterInspection([], status, [reach]) { Differences = ["config.json: …"] }));
        Assert.All(lines.Where(line => !line.StartsWith("cluster", StringComparison.Ordinal)), line => Assert.InRange(line.Length, 0, 80));
    }
}
