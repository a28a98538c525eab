using System.Net;
using AkkaCp.Faults.Tests.Hosts;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Faults.Tests;

/// <summary>What becomes of a node's lines is no matter of its cluster's.</summary>
public sealed class NodeOutputTests : ProcessTests
{
    [Fact]
    public async Task NodeWhoseDiskIsFull_ServesOn()
    {
        if (!File.Exists("/dev/full"))
            Assert.Skip("this system has no /dev/full");
        var config = WriteConfig();
        var mute =
            StartProgram("mute", "sh", "-c", "exec dotnet \"$0\" node --verbose --config \"$1\" > /dev/full 2> /dev/full", Program, config);
        var node = Start("node", "node", "--config", config);
        string[] ask = ["run", "--raw", "a", "--ignore-eos", "--max-tokens", "8", "--temperature", "0"];
        var alone = Start("one process", [.. ask, "--model", RepositoryFiles.TinyModel("f32"), "--attn-cp", "2", "--threads", "1"]);
        var client = Start("client", [.. ask, "--config", config]);

        var expected = await alone.WaitForExitAsync(Limit);
        var found = await client.WaitForExitAsync(Limit);

        Assert.True((expected, found) == (0, 0), Tails());
        Assert.Equal(alone.Output, client.Output);
        Assert.Contains("serving rank", node.Output, StringComparison.Ordinal);
        Assert.Contains("in epoch 1", node.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("in epoch 2", node.Output, StringComparison.Ordinal);
        Assert.False(mute.HasEnded, Tails());
    }

    private string WriteConfig()
    {
        int[] ports = [FreePorts.Take(IPAddress.Loopback), FreePorts.Take(IPAddress.Loopback)];
        return WriteConfig($$"""
            akka-cp {
              model.path = "{{RepositoryFiles.TinyModel("f32")}}"
              parallel { tp = 2, attn-cp = 2, moe-dp = 2 }
              device { threads = 1, pin = off }
              kv-cache.tokens = 1024
              cluster { port = {{ports[0]}}, seeds = ["127.0.0.1:{{ports[0]}}", "127.0.0.1:{{ports[1]}}"] }
              transport.port = 0
            }
            """);
    }
}
