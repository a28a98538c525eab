using System.Net;
using AkkaCp.Faults.Tests.Hosts;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Faults.Tests;

/// <summary>What becomes of a node's lines is no matter of its cluster's.</summary>
public sealed class NodeOutputTests : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(120);

    private readonly string _folder = Directory.CreateTempSubdirectory("akkacp-node-output").FullName;
    private readonly List<HostProcess> _processes = [];

    public void Dispose()
    {
        foreach (var process in _processes)
            process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task NodeWhoseDiskIsFull_ServesOn()
    {
        if (!File.Exists("/dev/full"))
            Assert.Skip("this system has no /dev/full");
        var config = WriteConfig();
        var program = Path.Combine(AppContext.BaseDirectory, "akkacp.dll");
        Start("mute", "sh", "-c", "exec dotnet \"$0\" node --verbose --config \"$1\" > /dev/full 2> /dev/full", program, config);
        var node = Start("node", "dotnet", program, "node", "--config", config);
        string[] ask = ["run", "--raw", "a", "--ignore-eos", "--max-tokens", "8", "--temperature", "0"];
        var alone = Start(
            "one process", ["dotnet", program, .. ask, "--model", RepositoryFiles.TinyModel("f32"), "--attn-cp", "2", "--threads", "1"]);
        var client = Start("client", ["dotnet", program, .. ask, "--config", config]);

        var expected = await alone.WaitForExitAsync(s_limit);
        var found = await client.WaitForExitAsync(s_limit);

        var all = string.Concat(_processes.Select(one => one.Label + one.Tail()));
        Assert.True((expected, found) == (0, 0), all);
        Assert.Equal(alone.Output, client.Output);
        Assert.Contains("serving rank", node.Output, StringComparison.Ordinal);
        Assert.Contains("in epoch 1", node.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("in epoch 2", node.Output, StringComparison.Ordinal);
        Assert.False(_processes[0].HasEnded, all);
    }

    private HostProcess Start(string label, params string[] command)
    {
        var process = new HostProcess(label, command);
        _processes.Add(process);
        return process;
    }

    private string WriteConfig()
    {
        int[] ports = [FreePorts.Take(IPAddress.Loopback), FreePorts.Take(IPAddress.Loopback)];
        var file = Path.Combine(_folder, "cluster.conf");
        File.WriteAllText(file, $$"""
            akka-cp {
              model.path = "{{RepositoryFiles.TinyModel("f32")}}"
              parallel { tp = 2, attn-cp = 2, moe-dp = 2 }
              device { threads = 1, pin = off }
              kv-cache.tokens = 1024
              cluster { port = {{ports[0]}}, seeds = ["127.0.0.1:{{ports[0]}}", "127.0.0.1:{{ports[1]}}"] }
              transport.port = 0
            }
            """);
        return file;
    }
}
