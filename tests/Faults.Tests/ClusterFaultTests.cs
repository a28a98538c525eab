using System.Diagnostics;
using AkkaCp.Faults.Tests.Cluster;
using Xunit;

namespace AkkaCp.Faults.Tests;

/// <summary>
/// Three nodes, two ranks and a spare, a host each; four clients on a fourth host. Whatever happens to the nodes, every stream ends with
/// exactly the text of an undisturbed run. Without AKKACP_FAULTS=all only the quick ones run.
/// </summary>
public sealed class ClusterFaultTests
{
    private const int Nodes = 3;

    [Fact]
    public Task Kill_OfARank_WhileDecoding() => WhileDecoding("kill -9 of a rank, decoding", async cluster =>
    {
        var victim = RankWithoutCoordinator(cluster);
        cluster.Node(victim).Kill();
        await cluster.WaitUntilServingAsync(Stopwatch.GetTimestamp());
        cluster.StartNode(victim);
    });

    [Fact]
    public Task Kill_OfTheCoordinatorsNode()
    {
        SkipUnlessAll();
        return WhileDecoding("kill -9 of the coordinator's node", async cluster =>
        {
            var victim = cluster.CoordinatorNode;
            cluster.Node(victim).Kill();
            await cluster.WaitUntilServingAsync(Stopwatch.GetTimestamp());
            cluster.StartNode(victim);
        });
    }

    [Fact]
    public Task Pause_Of5Seconds() => WhileDecoding("SIGSTOP of a rank for 5 s", cluster => PauseAsync(cluster, 5));

    [Fact]
    public Task Kill_OfARank_WhilePrefilling()
    {
        SkipUnlessAll();
        return WhilePrefilling("kill -9 of a rank, prefilling", async cluster =>
        {
            var victim = cluster.RankNodes()[1];
            cluster.Node(victim).Kill();
            await cluster.WaitUntilServingAsync(Stopwatch.GetTimestamp());
            cluster.StartNode(victim);
        });
    }

    [Fact]
    public Task Kill_OfTwoNodes_OneAfterAnother()
    {
        SkipUnlessAll();
        return WhileDecoding("kill -9 of two nodes, one after another", async cluster =>
        {
            var victims = cluster.RankNodes();
            cluster.Node(victims[0]).Kill();
            await cluster.WaitUntilServingAsync(Stopwatch.GetTimestamp());
            cluster.Node(victims[1]).Kill();
            cluster.StartNode(victims[0]);
            cluster.StartNode(victims[1]);
        });
    }

    [Fact]
    public Task Pause_Of60Seconds()
    {
        SkipUnlessAll();
        return WhileDecoding("SIGSTOP of a rank for 60 s", cluster => PauseAsync(cluster, 60));
    }

    [Fact]
    public Task LinkDown_For5Seconds()
    {
        SkipUnlessAll();
        return WhileDecoding("link of a rank down for 5 s", cluster => CutAsync(cluster, 5));
    }

    [Fact]
    public Task LinkDown_For60Seconds()
    {
        SkipUnlessAll();
        return WhileDecoding("link of a rank down for 60 s", cluster => CutAsync(cluster, 60));
    }

    [Theory]
    [InlineData(3, 1, "one node cut off from two for 30 s, clients on both sides")]
    [InlineData(4, 2, "two nodes cut off from two for 30 s, clients on both sides")]
    public async Task Partition_WithClientsOnBothSides(int nodes, int besideClients, string name)
    {
        HostTests.SkipWhereThereAreNone("iptables");
        SkipUnlessAll();
        await using var cluster = await FaultCluster.StartAsync(nodes);
        var streams = await StreamRun.StartAsync(cluster, elsewhere: cluster.Hosts[^1]);
        await streams.UntilDecodingAsync();
        var at = Stopwatch.GetTimestamp();
        cluster.Divide([cluster.Client, .. cluster.Hosts.Take(besideClients)]);
        await Task.Delay(TimeSpan.FromSeconds(30));
        cluster.Unite();
        await streams.EndAsync();
        FaultReport.Add(name, at, cluster.DetectedAfter(at), cluster.ServingAfter(at), streams.LongestPause(at));
    }

    [Fact]
    public Task PacketLoss()
    {
        HostTests.SkipWhereThereAreNone("iptables");
        SkipUnlessAll();
        return WhileDecoding("2 % of packets lost", cluster =>
        {
            foreach (var host in cluster.Hosts)
                host.LosePackets(0.02);
            return Task.CompletedTask;
        });
    }

    [Fact]
    public Task Delay()
    {
        SkipUnlessAll();
        return WhileDecoding("20 ms on every link", _ => Task.CompletedTask, delay: TimeSpan.FromMilliseconds(20));
    }

    [Fact]
    public Task RollingRestart()
    {
        SkipUnlessAll();
        return WhileDecoding("rolling restart of all nodes", async cluster =>
        {
            for (var i = 0; i < Nodes; i++)
            {
                cluster.Node(i).Ask();
                Assert.Equal(0, await cluster.Node(i).WaitForExitAsync(TimeSpan.FromSeconds(60)));
                cluster.StartNode(i);
                await cluster.WaitUntilInAsync(i);
            }
        });
    }

    [Fact]
    public Task LateJoin()
    {
        SkipUnlessAll();
        return WhileDecoding(
            "a node joins late",
            async cluster =>
            {
                cluster.StartNode(Nodes - 1);
                await cluster.WaitUntilInAsync(Nodes - 1);
            },
            running: Nodes - 1);
    }

    private static Task WhileDecoding(string name, Func<FaultCluster, Task> fault, int? running = null, TimeSpan delay = default) =>
        RunAsync(name, fault, longPrompt: false, running, delay);

    private static Task WhilePrefilling(string name, Func<FaultCluster, Task> fault) =>
        RunAsync(name, fault, longPrompt: true, null, default);

    private static async Task RunAsync(
        string name, Func<FaultCluster, Task> fault, bool longPrompt, int? running, TimeSpan delay)
    {
        HostTests.SkipWhereThereAreNone();
        await using var cluster = await FaultCluster.StartAsync(Nodes, running, delay);
        var streams = await StreamRun.StartAsync(cluster, longPrompt);
        await (longPrompt ? streams.UntilPrefillingAsync() : streams.UntilDecodingAsync());
        var at = Stopwatch.GetTimestamp();
        await fault(cluster);
        await streams.EndAsync();
        FaultReport.Add(name, at, cluster.DetectedAfter(at), cluster.ServingAfter(at), streams.LongestPause(at));
    }

    private static int RankWithoutCoordinator(FaultCluster cluster) =>
        cluster.RankNodes().First(node => node != cluster.CoordinatorNode);

    // The fault's own length is what is tested: nothing is waited for by sleeping.
    private static async Task PauseAsync(FaultCluster cluster, int seconds)
    {
        var node = cluster.Node(RankWithoutCoordinator(cluster));
        node.Pause();
        await Task.Delay(TimeSpan.FromSeconds(seconds));
        node.Resume();
    }

    private static async Task CutAsync(FaultCluster cluster, int seconds)
    {
        var host = cluster.Hosts[RankWithoutCoordinator(cluster)];
        host.CutLink();
        await Task.Delay(TimeSpan.FromSeconds(seconds));
        host.MendLink();
    }

    private static void SkipUnlessAll()
    {
        if (Environment.GetEnvironmentVariable("AKKACP_FAULTS") != "all")
            Assert.Skip("takes a minute or so: set AKKACP_FAULTS=all");
    }
}
