using System.Net;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Cli.Tests.Commands;

/// <summary>Commands that use a cluster; clusters of processes are in Faults.Tests.</summary>
public class ClusterClientTests
{
    [Theory]
    [InlineData("run", "hello")]
    [InlineData("logits", "--tokens", "1,2,3", "--output", "/dev/null")]
    public async Task WithoutACluster_SaysWhomItAsked_AndWaitsAsLongAsTheSettingSays(params string[] command)
    {
        var seed = $"127.0.0.1:{FreePorts.Take(IPAddress.Loopback)}";
        var run = await CommandRun.OfAsync(
            [.. command, "--model", RepositoryFiles.TinyModel("bf16"), "--set", $"cluster.seeds={seed}", "--set",
                "cluster.wait-for-nodes=3s"]);

        Assert.NotEqual(0, run.ExitCode);
        Assert.Equal(
            [
                $"akkacp: no coordinator of a cluster answers: asked {seed} (refused, nobody listens there) of cluster akka-cp; waiting for 2 s, up to 3 s (akka-cp.cluster.wait-for-nodes)",
                $"akkacp: no coordinator of a cluster answers: asked {seed} (refused, nobody listens there) of cluster akka-cp, for 3 s",
            ],
            run.ErrorLines);
    }
}
