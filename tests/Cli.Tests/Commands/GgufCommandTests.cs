using System.Text.Json.Nodes;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Cli.Tests.Commands;

/// <summary>A GGUF file is a model wherever a directory is.</summary>
public sealed class GgufCommandTests
{
    private static readonly string s_model = GgufModels.PathOf("q4_k_m.gguf");

    [Fact]
    public async Task Check_NamesFileTypeAndEndTokens()
    {
        var run = await CommandRun.OfAsync("check", "--check-tensors", "--model", s_model);

        Assert.Equal(0, run.ExitCode);
        Assert.Contains($"model    {s_model}, bfloat16\n", run.Out.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.Contains(
            "files    Q4_K 1.3 MiB, Q6_K 446.3 KiB, F32 18.0 KiB\n", run.Out.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.Contains(
            "packed   Q6_K as Q6K, 446.3 KiB: lm_head, self_attn.v_proj, mlp.experts.down_proj", run.Out, StringComparison.Ordinal);
        Assert.Contains(
            "floats   Q4_K as BF16, 256.0 KiB (a table that rows are taken from): embed_tokens", run.Out, StringComparison.Ordinal);
        Assert.Contains("ends     511 \"<|im_end|>\"", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_WithActivationsInFloat32_PacksNothing()
    {
        var run = await CommandRun.OfAsync("check", "--activations", "f32", "--model", s_model);

        Assert.Equal(0, run.ExitCode);
        Assert.Contains($"model    {s_model}, float32\n", run.Out.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.Contains("floats   Q6_K as F32, 2.1 MiB (asked for): ", run.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("packed", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_AnswersWithIt()
    {
        var run = await CommandRun.OfAsync("run", "--model", s_model, "--max-tokens", "2", "hello");

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("2 ranks, attn-cp 2", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tokenize_GivesTheFilesIds()
    {
        var run = await CommandRun.OfAsync("tokenize", "--model", s_model, "hello<|im_end|>");

        Assert.Equal(511, (int)JsonNode.Parse(run.Out)!["ids"]!.AsArray()[^1]!);
    }

    [Fact]
    public async Task FileThatIsNotThere_IsWrongUsage()
    {
        var run = await CommandRun.OfAsync("check", "--model", s_model + "x.gguf");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("a directory with a model or a GGUF file, found none at", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DamagedFile_IsRefusedByPlaceAndFinding()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("m.gguf", "GGUF, but no more");

        var run = await CommandRun.OfAsync("run", "--model", file, "hello");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("m.gguf: header: expected at least 24 bytes, found 17 bytes", run.Error, StringComparison.Ordinal);
    }
}
