using System.Net;
using System.Net.Sockets;
using AkkaCp.Faults.Tests.Hosts;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Faults.Tests;

/// <summary>
/// Any layout over processes gives the bytes of the same layout in one process. Without AKKACP_FAULTS=all only two processes are tried.
/// </summary>
public sealed class ProcessLogitsTests : ProcessTests
{
    private const int Tokens = 100;
    private const int HiddenSize = 64;

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
        if ((tp > 2 || tls) && !IsAllWanted)
            Assert.Skip("starts many processes: set AKKACP_FAULTS=all");
        var config = WriteConfig(tp, attnCp, moeDp, ep, tls ? MakeCertificates() : "", IPAddress.Parse(host));
        for (var i = 0; i < tp; i++)
            Start($"node {i}", "node", "--config", config);
        var expected = Path.Combine(Folder, "one.bin");
        var found = Path.Combine(Folder, "many.bin");

        await LogitsAsync(expected, "--model", RepositoryFiles.TinyModel("bf16"), "--threads", "1", "--min-cp-tokens", "0", "--tp", $"{tp}",
            "--attn-cp", $"{attnCp}", "--moe-dp", $"{moeDp}", "--ep", $"{ep}");
        await LogitsAsync(found, "--config", config);

        Assert.Equal(File.ReadAllBytes(expected), File.ReadAllBytes(found));
    }

    [Fact]
    public async Task DamagedWeights_FailTheLogitsByName()
    {
        using var model = new DamagedModel("model.embed_tokens.weight", 7 * HiddenSize, float.NaN);
        var config = WriteConfig(2, 2, 2, 1, "", IPAddress.Loopback, model.Path);
        for (var i = 0; i < 2; i++)
            Start($"node {i}", "node", "--config", config);

        var logits =
            Start("logits", "logits", "--tokens", "1,2,3,4,5,6,7,8,9", "--output", Path.Combine(Folder, "x.bin"), "--config", config);

        Assert.Equal(1, await logits.WaitForExitAsync(Limit));
        Assert.Contains("NonFiniteLogits", logits.Tail(), StringComparison.Ordinal);
    }

    private async Task LogitsAsync(string output, params string[] arguments)
    {
        var logits = Start(
            "logits", ["logits", "--tokens", string.Join(',', Enumerable.Range(1, Tokens)), "--output", output, .. arguments]);
        var exit = await logits.WaitForExitAsync(Limit);
        Assert.True(exit == 0, $"expected exit code 0, found {exit}: {Tails()}");
    }

    private string WriteConfig(int tp, int attnCp, int moeDp, int ep, string tls, IPAddress host, string? model = null)
    {
        var seeds = Enumerable.Range(0, tp).Select(_ => new IPEndPoint(host, FreePorts.Take(host))).ToList();
        return WriteConfig($$"""
            akka-cp {
              model.path = "{{model ?? RepositoryFiles.TinyModel("bf16")}}"
              parallel { tp = {{tp}}, attn-cp = {{attnCp}}, moe-dp = {{moeDp}}, ep = {{ep}} }
              context-parallel.min-tokens = off
              device { threads = 1, pin = off }
              cluster { host = "{{host}}", port = {{seeds[0].Port}}, seeds = [{{string.Join(", ", seeds.Select(seed => $"\"{seed}\""))}}] }
              transport.port = 0
            }
            {{tls}}
            """);
    }
}
