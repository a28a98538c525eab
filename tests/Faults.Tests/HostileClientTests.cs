using System.Net;
using AkkaCp.Faults.Tests.Hosts;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Faults.Tests;

/// <summary>Clients that die and strangers that flood ports, against nodes as an operator starts them, on this machine.</summary>
public sealed class HostileClientTests : IDisposable
{
    private const int Places = 64;
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(120);

    private readonly string _folder = Directory.CreateTempSubdirectory("akkacp-hostile").FullName;
    private readonly List<HostProcess> _processes = [];

    public void Dispose()
    {
        foreach (var process in _processes)
            process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task ClientThatIsKilled_HoldsNeitherMemoryNorQueue()
    {
        var config = WriteConfig(ranks: 1, nodes: 1, tls: false, "kv-cache { tokens = 4096, block-size = 128 }");
        var node = Start("node", "node", "--config", config, "--verbose");
        await node.WaitForAsync("to serve", one => one.Output.Contains("serving rank"), s_limit);

        // It may have all tokens of the pool, so nobody else is admitted beside it.
        var greedy = Start("greedy", "run", "--config", config, "--raw", "--ignore-eos", "--max-tokens", "4000", "Ada has 3 shells. ");
        await greedy.WaitForAsync("its first words", one => one.Output.Length > 0, s_limit);
        greedy.Kill();

        await node.WaitForAsync(
            "to cancel the request", one => one.Errors.Contains("is cancelled: the process of its client at 127.0.0.1:"), s_limit);
        await AnswerAsync(config);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task PortsThatAreFlooded_StillLetMembersAndClientsIn(bool tls)
    {
        if (Environment.GetEnvironmentVariable("AKKACP_FAULTS") != "all")
            Assert.Skip("takes a minute or so: set AKKACP_FAULTS=all");
        if (tls)
            MakeCertificates();
        var config = WriteConfig(ranks: 2, nodes: 3, tls, "");
        var (control, data) = (Ports[0], FreePorts.Take(IPAddress.Loopback));
        HostProcess first;
        await using (Flood.At(control, 400))
        await using (Flood.At(data, 100))
        {
            first = Start("node 0", "node", "--config", config, "--set", $"transport.port={data}");
            _ = Start("node 1", "node", "--config", config);
            await first.WaitForAsync("to serve", one => one.Output.Contains("serving rank"), s_limit);
            await AnswerAsync(config);
            var late = Start("node 2", "node", "--config", config);
            await late.WaitForAsync("to be ready", one => one.Output.Contains(" ready"), s_limit);
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
        using var patience = new CancellationTokenSource(s_limit);
        while (!isMet())
            await Task.Delay(50, patience.Token);
    }

    private HostProcess Start(string label, params string[] arguments)
    {
        var process = new HostProcess(label, ["dotnet", Path.Combine(AppContext.BaseDirectory, "akkacp.dll"), .. arguments]);
        _processes.Add(process);
        return process;
    }

    private async Task AnswerAsync(string config)
    {
        var client = Start("client", "run", "--config", config, "--raw", "--ignore-eos", "--max-tokens", "8", "Ada has 3 shells. ");
        var exit = await client.WaitForExitAsync(s_limit);
        Assert.True(
            exit == 0 && client.Output.Length > 0,
            $"expected an answer, found exit {exit}: {string.Concat(_processes.Select(one => one.Label + one.Tail()))}");
    }

    private List<int> Ports { get; } = [];

    private void MakeCertificates()
    {
        if (Shell.TryRun("openssl", "version").Exit != 0)
            Assert.Skip("openssl is not installed");
        Shell.Run(Path.Combine(RepositoryFiles.Root, "config", "tls", "make-certificates.sh"), _folder, "node");
    }

    private string WriteConfig(int ranks, int nodes, bool tls, string more)
    {
        Ports.AddRange(Enumerable.Range(0, nodes).Select(_ => FreePorts.Take(IPAddress.Loopback)));
        var file = Path.Combine(_folder, "cluster.conf");
        File.WriteAllText(file, $$"""
            akka-cp {
              model.path = "{{RepositoryFiles.DemoModel}}"
              parallel.attn-cp = {{ranks}}
              device { threads = 1, pin = off }
              cluster { port = {{Ports[0]}}, seeds = [{{string.Join(", ", Ports.Select(port => $"\"127.0.0.1:{port}\""))}}] }
              transport.port = 0
              {{more}}
              {{(tls ? $"transport.tls {{ certificate = \"{_folder}/node.pem\", key = \"{_folder}/node.key\", ca = \"{_folder}/ca.pem\" }}" : "")}}
            }
            """);
        return file;
    }
}
