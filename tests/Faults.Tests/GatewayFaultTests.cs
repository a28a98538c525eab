using System.Diagnostics;
using AkkaCp.Faults.Tests.Cluster;
using Xunit;

namespace AkkaCp.Faults.Tests;

/// <summary>
/// As <see cref="ClusterFaultTests"/>, through HTTP: 16 clients of <c>akkacp serve</c> as the gateway of three nodes, two ranks and a
/// spare. Whatever happens to the nodes, every stream ends with the text of an undisturbed run and one [DONE]. Without AKKACP_FAULTS=all
/// only the quick ones run.
/// </summary>
public sealed class GatewayFaultTests
{
    private const int Nodes = 3;
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    [Fact]
    public Task Kill_OfARank() => RunAsync("kill -9 of a rank, through HTTP", RankWithoutCoordinator, KillAsync);

    [Fact]
    public Task Kill_OfTheCoordinatorsNode() =>
        RunIfAllAsync("kill -9 of the coordinator's node, through HTTP", cluster => cluster.CoordinatorNode, KillAsync);

    [Fact]
    public Task Pause_OfARank() => RunIfAllAsync("SIGSTOP of a rank for 20 s, through HTTP", RankWithoutCoordinator, PauseAsync);

    [Fact]
    public Task Pause_OfTheCoordinatorsNode() =>
        RunIfAllAsync("SIGSTOP of the coordinator's node for 20 s, through HTTP", cluster => cluster.CoordinatorNode, PauseAsync);

    [Fact]
    public Task LinkDown_OfARank() => RunIfAllAsync("link of a rank down for 20 s, through HTTP", RankWithoutCoordinator, CutAsync);

    [Fact]
    public Task LinkDown_OfTheCoordinatorsNode() =>
        RunIfAllAsync("link of the coordinator's node down for 20 s, through HTTP", cluster => cluster.CoordinatorNode, CutAsync);

    [Fact]
    public async Task NoGroupLeft_IsSaidInTheStatedTime_AndForgottenWhenThereIsOne()
    {
        SkipUnlessAll();
        HostTests.SkipWhereThereAreNone("curl");
        await using var cluster = await FaultCluster.StartAsync(2, more: "akka-cp.cluster.wait-for-nodes = 10s");
        await cluster.StartGatewayAsync();
        var streams = await HttpStreams.StartAsync(cluster);
        for (var i = 0; i < 2; i++)
            cluster.Node(i).Kill();
        await streams.FailAsync();
        await streams.BeRefusedAsync();

        for (var i = 0; i < 2; i++)
            cluster.StartNode(i);
        await streams.AskAgainAsync();
    }

    [Fact]
    public async Task Gateway_ThatIsAskedToEnd_LetsStreamsEnd()
    {
        HostTests.SkipWhereThereAreNone("curl");
        await using var cluster = await FaultCluster.StartAsync(2);
        var gateway = await cluster.StartGatewayAsync();
        var streams = await HttpStreams.StartAsync(cluster);
        gateway.Ask();
        await streams.BeRefusedAsync();
        await streams.EndAsync();

        Assert.Equal(0, await gateway.WaitForExitAsync(s_limit));
    }

    private static Task RunIfAllAsync(string name, Func<FaultCluster, int> victim, Func<FaultCluster, int, Task> fault)
    {
        SkipUnlessAll();
        return RunAsync(name, victim, fault);
    }

    private static async Task RunAsync(string name, Func<FaultCluster, int> victim, Func<FaultCluster, int, Task> fault)
    {
        HostTests.SkipWhereThereAreNone("curl");
        await using var cluster = await FaultCluster.StartAsync(Nodes);
        await cluster.StartGatewayAsync();
        var streams = await HttpStreams.StartAsync(cluster);
        var at = Stopwatch.GetTimestamp();
        await fault(cluster, victim(cluster));
        await streams.EndAsync();
        FaultReport.Add(name, at, cluster.DetectedAfter(at), cluster.ServingAfter(at), streams.LongestPause(at));
    }

    private static int RankWithoutCoordinator(FaultCluster cluster) =>
        cluster.RankNodes().First(node => node != cluster.CoordinatorNode);

    private static Task KillAsync(FaultCluster cluster, int node)
    {
        cluster.Node(node).Kill();
        return Task.CompletedTask;
    }

    // The fault's own length is what is tested: nothing is waited for by sleeping.
    private static async Task PauseAsync(FaultCluster cluster, int node)
    {
        cluster.Node(node).Pause();
        await Task.Delay(TimeSpan.FromSeconds(20));
        cluster.Node(node).Resume();
    }

    private static async Task CutAsync(FaultCluster cluster, int node)
    {
        cluster.Hosts[node].CutLink();
        await Task.Delay(TimeSpan.FromSeconds(20));
        cluster.Hosts[node].MendLink();
    }

    private static void SkipUnlessAll()
    {
        if (Environment.GetEnvironmentVariable("AKKACP_FAULTS") != "all")
            Assert.Skip("takes a minute or so: set AKKACP_FAULTS=all");
    }
}
