using System.Net;
using System.Text.RegularExpressions;
using AkkaCp.Faults.Tests.Hosts;
using AkkaCp.Model.Safetensors;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Faults.Tests;

/// <summary>Processes whose model is not the cluster's: a node with a damaged copy of the weights, a client of another model.</summary>
public sealed partial class OtherModelTests : ProcessTests
{
    private const string Damaged = "model.layers.2.mlp.experts.5.up_proj.weight";

    [Fact]
    public async Task NodeWithOneOtherBit_AndClientOfAnotherModel_AreRefused_AndNobodyElseIs()
    {
        if (!IsAllWanted)
            Assert.Skip("takes a minute or so: set AKKACP_FAULTS=all");
        var config = WriteConfig();
        var model = RepositoryFiles.TinyModel("bf16");
        await LogitsAsync(
            "expected", 0, "--model", model, "--threads", "1", "--min-cp-tokens", "0", "--tp", "2", "--attn-cp", "2", "--moe-dp", "2");
        var a = Node("a", config, model);
        await UntilAsync(a, "ready for rank 0", Ready());
        var b = Node("b", config, model);
        await UntilAsync(b, "a group", Serving());

        var damaged = Node("damaged", config, CopyWithOneOtherBit(model));
        await UntilAsync(damaged, "its refusal", Refusal());
        await a.WaitForAsync("the refusal of the damaged node", node => Refusal().IsMatch(node.Errors), Limit);
        await LogitsAsync("before", 0, "--config", config, "--model", model);

        var client = await LogitsAsync("client", 2, "--config", config, "--model", RepositoryFiles.TinyModel("f32"));
        Assert.Matches(
            @"(?m)^akkacp: the client differs from the cluster: config\.json: the cluster has [0-9a-f]{32}, the client [0-9a-f]{32}\s*$",
            client.Errors);

        var check = Start("check", "check", "--config", config, "--model", RepositoryFiles.TinyModel("f32"));
        Assert.Equal(1, await check.WaitForExitAsync(Limit));
        Assert.Matches("model +differs from the cluster's, which refuses requests for it: config.json: the cluster has", check.Output);

        // The first who told the hashes, and the coordinator, dies; the copy is no better for it.
        a.Kill();
        var d = Node("d", config, model);
        await UntilAsync(d, "a group", Serving());
        await LogitsAsync("after", 0, "--config", config, "--model", model);
        Assert.Equal(File.ReadAllBytes(Output("expected")), File.ReadAllBytes(Output("before")));
        Assert.Equal(File.ReadAllBytes(Output("expected")), File.ReadAllBytes(Output("after")));
        Assert.DoesNotMatch(Serving(), damaged.Output);
    }

    [GeneratedRegex("ready for rank 0")]
    private static partial Regex Ready();

    [GeneratedRegex("serving rank")]
    private static partial Regex Serving();

    [GeneratedRegex(
        @"its weights differ from the group's: model\.layers\.2\.mlp\.experts\.5\.up_proj\.weight: expected [0-9a-f]{32}, which node \S+ told first, found [0-9a-f]{32}\s")]
    private static partial Regex Refusal();

    private static Task UntilAsync(HostProcess node, string what, Regex line) =>
        node.WaitForAsync(what, _ => line.IsMatch(node.Output), Limit);

    private HostProcess Node(string label, string config, string model) => Start(label, "node", "--config", config, "--model", model);

    private async Task<HostProcess> LogitsAsync(string label, int exitCode, params string[] arguments)
    {
        var logits =
            Start(label, ["logits", "--tokens", string.Join(',', Enumerable.Range(1, 100)), "--output", Output(label), .. arguments]);
        var exit = await logits.WaitForExitAsync(Limit);
        Assert.True(exit == exitCode, $"expected exit code {exitCode}, found {exit}: {Tails()}");
        return logits;
    }

    private string Output(string label) => Path.Combine(Folder, label + ".bin");

    /// <summary>A copy whose one bit in the middle of one expert's matrix is another.</summary>
    private string CopyWithOneOtherBit(string model)
    {
        var copy = Directory.CreateDirectory(Path.Combine(Folder, "damaged")).FullName;
        foreach (var file in Directory.EnumerateFiles(model))
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        var path = Path.Combine(copy, "model.safetensors");
        long middle;
        using (var file = SafetensorsFile.Open(path))
        {
            var tensor = file.Tensor(Damaged);
            middle = new FileInfo(path).Length - file.Tensors.Values.Max(one => one.End) + ((tensor.Begin + tensor.End) / 2);
        }

        using var stream = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
        stream.Position = middle;
        var value = stream.ReadByte();
        stream.Position = middle;
        stream.WriteByte((byte)(value ^ 1));
        return copy;
    }

    private string WriteConfig()
    {
        var seeds = Enumerable.Range(0, 4).Select(_ => new IPEndPoint(IPAddress.Loopback, FreePorts.Take(IPAddress.Loopback))).ToList();
        return WriteConfig($$"""
            akka-cp {
              parallel { tp = 2, attn-cp = 2, moe-dp = 2, ep = 1 }
              context-parallel.min-tokens = off
              device { threads = 1, pin = off }
              cluster { port = {{seeds[0].Port}}, seeds = [{{string.Join(", ", seeds.Select(seed => $"\"{seed}\""))}}] }
              transport.port = 0
            }
            """);
    }
}
