using System.Net;
using System.Net.Sockets;
using AkkaCp.Faults.Tests.Hosts;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Faults.Tests;

/// <summary>
/// Any layout over processes gives the bytes of the same layout in one process. Without AKKACP_FAULTS=all only two processes are tried.
/// </summary>
public sealed class ProcessLogitsTests : IDisposable
{
    private const int Tokens = 100;
    private const int HiddenSize = 64;
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(120);

    private readonly string _folder = Directory.CreateTempSubdirectory("akkacp-processes").FullName;
    private readonly List<HostProcess> _processes = [];

    public void Dispose()
    {
        foreach (var process in _processes)
            process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData(2, 2, 2, 1, false)]
    [InlineData(3, 3, 3, 1, false)]
    [InlineData(4, 4, 4, 1, false)]
    [InlineData(4, 2, 2, 1, false)]
    [InlineData(4, 2, 1, 4, false)]
    [InlineData(8, 4, 4, 1, false)]
    [InlineData(2, 2, 2, 1, true)]
    [InlineData(4, 2, 1, 4, true)]
    [InlineData(8, 4, 4, 1, true)]
    [InlineData(2, 2, 2, 1, false, "::1")]
    public async Task Processes_GiveTheBytesOfOneProcess(int tp, int attnCp, int moeDp, int ep, bool tls, string host = "127.0.0.1")
    {
        if (IPAddress.Parse(host).AddressFamily == AddressFamily.InterNetworkV6 && !Socket.OSSupportsIPv6)
            Assert.Skip("this machine has no IPv6");
        if ((tp > 2 || tls) && Environment.GetEnvironmentVariable("AKKACP_FAULTS") != "all")
            Assert.Skip("starts many processes: set AKKACP_FAULTS=all");
        if (tls)
            MakeCertificates();
        var config = WriteConfig(tp, attnCp, moeDp, ep, tls, IPAddress.Parse(host));
        for (var i = 0; i < tp; i++)
            _processes.Add(Akkacp($"node {i}", "node", "--config", config));
        var expected = Path.Combine(_folder, "one.bin");
        var found = Path.Combine(_folder, "many.bin");

        await LogitsAsync(expected, "--model", RepositoryFiles.TinyModel("bf16"), "--threads", "1", "--min-cp-tokens", "0", "--tp", $"{tp}",
            "--attn-cp", $"{attnCp}", "--moe-dp", $"{moeDp}", "--ep", $"{ep}");
        await LogitsAsync(found, "--config", config);

        Assert.Equal(File.ReadAllBytes(expected), File.ReadAllBytes(found));
    }

    [Fact]
    public async Task DamagedWeights_FailTheLogitsByName()
    {
        using var model = new DamagedModel("model.embed_tokens.weight", 7 * HiddenSize, float.NaN);
        var config = WriteConfig(2, 2, 2, 1, false, IPAddress.Loopback, model.Path);
        for (var i = 0; i < 2; i++)
            _processes.Add(Akkacp($"node {i}", "node", "--config", config));

        var logits = Akkacp("logits", "logits", "--tokens", "1,2,3,4,5,6,7,8,9", "--output", Path.Combine(_folder, "x.bin"), "--config", config);
        _processes.Add(logits);

        Assert.Equal(1, await logits.WaitForExitAsync(s_limit));
        Assert.Contains("NonFiniteLogits", logits.Tail(), StringComparison.Ordinal);
    }

    private static HostProcess Akkacp(string label, params string[] arguments) =>
        new(label, ["dotnet", Path.Combine(AppContext.BaseDirectory, "akkacp.dll"), .. arguments]);

    private async Task LogitsAsync(string output, params string[] arguments)
    {
        var logits = Akkacp(
            "logits", ["logits", "--tokens", string.Join(',', Enumerable.Range(1, Tokens)), "--output", output, .. arguments]);
        _processes.Add(logits);
        var exit = await logits.WaitForExitAsync(s_limit);
        Assert.True(exit == 0, $"expected exit code 0, found {exit}: {string.Concat(_processes.Select(one => one.Label + one.Tail()))}");
    }

    private void MakeCertificates()
    {
        if (Shell.TryRun("openssl", "version").Exit != 0)
            Assert.Skip("openssl is not installed");
        Shell.Run(Path.Combine(RepositoryFiles.Root, "config", "tls", "make-certificates.sh"), _folder, "node");
    }

    private string WriteConfig(int tp, int attnCp, int moeDp, int ep, bool tls, IPAddress host, string? model = null)
    {
        var seeds = Enumerable.Range(0, tp).Select(_ => new IPEndPoint(host, FreePorts.Take(host))).ToList();
        var file = Path.Combine(_folder, "cluster.conf");
        File.WriteAllText(file, $$"""
            akka-cp {
              model.path = "{{model ?? RepositoryFiles.TinyModel("bf16")}}"
              parallel { tp = {{tp}}, attn-cp = {{attnCp}}, moe-dp = {{moeDp}}, ep = {{ep}} }
              context-parallel.min-tokens = off
              device { threads = 1, pin = off }
              cluster { host = "{{host}}", port = {{seeds[0].Port}}, seeds = [{{string.Join(", ", seeds.Select(seed => $"\"{seed}\""))}}] }
              transport.port = 0
            }
            """);
        if (tls)
        {
            File.AppendAllText(file, $$"""

                akka-cp.transport.tls { certificate = "{{_folder}}/node.pem", key = "{{_folder}}/node.key", ca = "{{_folder}}/ca.pem" }
                """);
        }

        return file;
    }
}
