using System.Net;
using AkkaCp.Faults.Tests.Hosts;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Faults.Tests;

/// <summary>Clients that die and strangers that flood ports, against nodes as an operator starts them, on this machine.</summary>
public sealed class HostileClientTests : ProcessTests
{
    private const int Places = 64;
    [Fact]
    public async Task ClientThatIsKilled_HoldsNeitherMemoryNorQueue()
    {
        var config = WriteConfig(ranks: 1, nodes: 1, "akka-cp.kv-cache { tokens = 4096, block-size = 128 }");
        var node = Start("node", "node", "--config", config, "--verbose");
        await node.WaitForAsync("to serve", one => one.Output.Contains("serving rank"), Limit);

        // It may have all tokens of the pool, so nobody else is admitted beside it.
        var greedy = Start("greedy", "run", "--config", config, "--raw", "--ignore-eos", "--max-tokens", "4000", "Ada has 3 shells. ");
        await greedy.WaitForAsync("its first words", one => one.Output.Length > 0, Limit);
        greedy.Kill();

        await node.WaitForAsync(
            "to cancel the request", one => one.Errors.Contains("is cancelled: the process of its client at 127.0.0.1:"), Limit);
        await AnswerAsync(config);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task PortsThatAreFlooded_StillLetMembersAndClientsIn(bool tls)
    {
        if (!IsAllWanted)
            Assert.Skip("takes a minute or so: set AKKACP_FAULTS=all");
        var config = WriteConfig(ranks: 2, nodes: 3, tls ? MakeCertificates() : "");
        var (control, data) = (Ports[0], FreePorts.Take(IPAddress.Loopback));
        HostProcess first;
        await using (Flood.At(control, 400))
        await using (Flood.At(data, 100))
        {
            first = Start("node 0", "node", "--config", config, "--set", $"transport.port={data}");
            _ = Start("node 1", "node", "--config", config);
            await first.WaitForAsync("to serve", one => one.Output.Contains("serving rank"), Limit);
            await AnswerAsync(config);
            var late = Start("node 2", "node", "--config", config);
            await late.WaitForAsync("to be ready", one => one.Output.Contains(" ready"), Limit);
            await AnswerAsync(config);
        }

        var handles = await SettledAsync(first, int.MaxValue);
        var memory = first.Memory;
        await using (var again = Flood.At(control, 400))
            await UntilAsync(() => again.Closed > 2000 && first.Handles < handles + (2 * Places));
        Assert.InRange(await SettledAsync(first, handles + 8), 1, handles + 8);
        Assert.InRange(first.Memory, 1, memory + (128L << 20));
        await AnswerAsync(config);
    }

    /// <summary>Handles when they have not grown fewer for a while, or are few enough.</summary>
    private static async Task<int> SettledAsync(HostProcess process, int enough)
    {
        var least = int.MaxValue;
        for (var same = 0; same < 20 || least > enough; same++)
        {
            var now = process.Handles;
            if (now < least)
                (least, same) = (now, 0);
            if (same > 100)
                break;
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }

        return least;
    }

    private static async Task UntilAsync(Func<bool> isMet)
    {
        using var patience = new CancellationTokenSource(Limit);
        while (!isMet())
            await Task.Delay(50, patience.Token);
    }

    private async Task AnswerAsync(string config)
    {
        var client = Start("client", "run", "--config", config, "--raw", "--ignore-eos", "--max-tokens", "8", "Ada has 3 shells. ");
        var exit = await client.WaitForExitAsync(Limit);
        Assert.True(
            exit == 0 && client.Output.Length > 0,
            $"expected an answer, found exit {exit}: {Tails()}");
    }

    private List<int> Ports { get; } = [];

    private string WriteConfig(int ranks, int nodes, string more)
    {
        Ports.AddRange(Enumerable.Range(0, nodes).Select(_ => FreePorts.Take(IPAddress.Loopback)));
        return WriteConfig($$"""
            akka-cp {
              model.path = "{{RepositoryFiles.DemoModel}}"
              parallel.attn-cp = {{ranks}}
              device { threads = 1, pin = off }
              cluster { port = {{Ports[0]}}, seeds = [{{string.Join(", ", Ports.Select(port => $"\"127.0.0.1:{port}\""))}}] }
              transport.port = 0
            }
            {{more}}
            """);
    }
}
