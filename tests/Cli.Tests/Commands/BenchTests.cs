using System.Text.Json;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Cli.Tests.Commands;

/// <summary>What the bench commands print, on the tiny model; no test looks at a speed.</summary>
public class BenchTests
{
    private static readonly string[] s_stages =
        ["Embed", "QkvProjection", "KvConcatGather", "ZigzagQSplit", "DualFia", "Concat", "Moe", "LmHead"];

    [Fact]
    public async Task Prefill_PrintsEveryLengthOnEveryLayout()
    {
        var run = await CommandRun.OfAsync(
            "bench", "prefill", "--model", RepositoryFiles.TinyModel("bf16"), "--prompt-tokens", "40,300", "--attn-cp", "1,2",
            "--chunk", "128",
            "--threads", "1", "--rounds", "1", "--json");

        Assert.Equal(0, run.ExitCode);
        using var json = JsonDocument.Parse(run.Out);
        var limit = json.RootElement.GetProperty("limit_gflops").GetDouble();
        Assert.True(limit > 0);
        var results = json.RootElement.GetProperty("results").EnumerateArray().ToList();
        Assert.Equal(
            [(40, 1, 1), (40, 2, 2), (300, 1, 1), (300, 2, 2)],
            results.Select(r => (Int(r, "prompt_tokens"), Int(r, "tp"), Int(r, "attn_cp"))));
        foreach (var result in results)
        {
            Assert.Equal((1, "bfloat16"), (Int(result, "threads"), result.GetProperty("dtype").GetString()));
            Assert.Equal(Int(result, "prompt_tokens") / Number(result, "tokens_per_second") * 1e3, Number(result, "ttft_ms"), 1e-2);
            Assert.InRange(Number(result, "gflops"), double.Epsilon, double.MaxValue);
            // Of the limit that was measured, which other processes may have held down: its share has no upper bound here.
            var cores = Math.Min(Int(result, "tp") * Int(result, "threads"), Environment.ProcessorCount);
            Assert.Equal(Number(result, "gflops") / limit / cores, Number(result, "share_of_limit"), 1e-3);
            Assert.InRange(Number(result, "exposed_gather_share"), 0, 1);
            Assert.True(result.GetProperty("peak_activation_bytes").GetInt64() > 0);
            var stages = result.GetProperty("stages").EnumerateArray().ToList();
            Assert.Equal(s_stages, stages.Select(stage => stage.GetProperty("name").GetString()));
            Assert.True(Number(stages[6], "ms") > 0 && Number(stages[6], "gflops") > 0);
        }

        Assert.Equal(0, Number(results[0], "exposed_gather_share"));
    }

    [Fact]
    public async Task PeakActivationBytes_ButForTheGatheredKv_AreAboutHalfOnTwoContextParallelRanks()
    {
        var run = await CommandRun.OfAsync(
            "bench", "prefill", "--model", RepositoryFiles.TinyModel("f32"), "--prompt-tokens", "1024", "--attn-cp", "1,2", "--chunk", "0",
            "--threads", "1", "--rounds", "1", "--json");

        using var json = JsonDocument.Parse(run.Out);
        var bytes = json.RootElement.GetProperty("results").EnumerateArray()
            .Select(result => result.GetProperty("peak_activation_bytes").GetInt64()).ToArray();

        // K and V of all 1024 tokens, 2 · 2 heads of 32 floats, lie on every rank whatever the split; in so small a model they are much.
        const long GatheredBytes = 1024 * 2 * 2 * 32 * sizeof(float);
        Assert.InRange((double)(bytes[1] - GatheredBytes) / (bytes[0] - GatheredBytes), 0.4, 0.6);
    }

    [Fact]
    public async Task Decode_PrintsEveryDepthAndNumberOfStreams()
    {
        var run = await CommandRun.OfAsync(
            "bench", "decode", "--model", RepositoryFiles.TinyModel("f32"), "--depth", "20,130", "--streams", "1,3", "--steps", "4",
            "--rounds", "1", "--threads", "1", "--json");

        Assert.Equal(0, run.ExitCode);
        using var json = JsonDocument.Parse(run.Out);
        Assert.True(json.RootElement.GetProperty("limit_gbps").GetDouble() > 0);
        var results = json.RootElement.GetProperty("results").EnumerateArray().ToList();
        Assert.Equal([(20, 1), (20, 3), (130, 1), (130, 3)], results.Select(r => (Int(r, "depth"), Int(r, "streams"))));
        foreach (var result in results)
        {
            Assert.Equal(Number(result, "tokens_per_second"), Int(result, "streams") / Number(result, "step_ms") * 1e3, 1.0);
            Assert.Equal(
                Number(result, "gbps"), Number(result, "bytes_per_token") * Number(result, "tokens_per_second") / 1e9, 1e-3);
            Assert.Equal(s_stages, result.GetProperty("stages").EnumerateArray().Select(stage => stage.GetProperty("name").GetString()));
        }
    }

    [Fact]
    public async Task WithoutJson_TablesAreMarkdown()
    {
        var run = await CommandRun.OfAsync(
            "bench", "prefill", "--model", RepositoryFiles.TinyModel("f32"), "--prompt-tokens", "20", "--rounds", "1", "--threads", "1");

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("| 20 | 1 | 1 | 1 | float32 |", run.Out, StringComparison.Ordinal);
        Assert.Contains("| 20 | 1 | 1 | Moe |", run.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bench prefill --prompt-tokens 0")]
    [InlineData("bench prefill --prompt-tokens many")]
    [InlineData("bench prefill --prompt-tokens 99999999")]
    [InlineData("bench prefill --attn-cp 3 --tp 2")]
    [InlineData("bench prefill --rounds 0")]
    [InlineData("bench prefill --chunk -1")]
    [InlineData("bench prefill --threads 0")]
    [InlineData("bench decode --streams 0")]
    [InlineData("bench decode --depth 99999999")]
    [InlineData("bench decode --model /nowhere")]
    public async Task WrongUsage_IsOneLineAndExitCode2(string line)
    {
        var run = await CommandRun.OfAsync(line.Split(' '));

        Assert.Equal(2, run.ExitCode);
        Assert.Single(run.ErrorLines);
    }

    private static int Int(JsonElement result, string key) => result.GetProperty(key).GetInt32();

    private static double Number(JsonElement result, string key) => result.GetProperty(key).GetDouble();
}
