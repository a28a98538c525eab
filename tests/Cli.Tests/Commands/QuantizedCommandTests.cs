using System.Text.Json.Nodes;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Cli.Tests.Commands;

/// <summary>Quantised checkpoints on the command line.</summary>
public sealed class QuantizedCommandTests
{
    private static readonly string s_models = Path.Combine(RepositoryFiles.Root, "tests", "models", "hf-quant");

    [Theory]
    [InlineData("awq", "AWQ w4g64 828.0 KiB", "AWQ w4g64", "Q4Z32, 960.0 KiB")]
    [InlineData("fp8-block", "FP8 128x128 1.5 MiB", "FP8 128x128", "F8, 1.6 MiB")]
    public async Task Check_PrintsWhatIsQuantisedAndWhatIsNot(string name, string bytes, string type, string packed)
    {
        var run = await CommandRun.OfAsync("check", "--check-tensors", "--model", Path.Combine(s_models, name));

        Assert.Equal(0, run.ExitCode);
        Assert.Contains($"files    {bytes}, BF16 519.0 KiB", run.Out, StringComparison.Ordinal);
        Assert.Contains(
            $"weights  {type}: self_attn.q_proj, self_attn.k_proj, self_attn.v_proj, self_attn.o_proj, mlp.experts.gate_proj, "
                + "mlp.experts.up_proj, mlp.experts.down_proj",
            run.Out, StringComparison.Ordinal);
        Assert.Contains($"packed   {type} as {packed}: self_attn.q_proj, ", run.Out, StringComparison.Ordinal);
        Assert.Contains("weights  BF16: embed_tokens, ", run.Out, StringComparison.Ordinal);
        Assert.Contains("mlp.gate, ", run.Out, StringComparison.Ordinal);
        Assert.Contains(", bfloat16", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_SaysOnceThatConfigAndTensorsDiffer()
    {
        using var folder = new TemporaryFolder();
        foreach (var file in Directory.GetFiles(Path.Combine(s_models, "awq")))
            File.Copy(file, Path.Combine(folder.Path, Path.GetFileName(file)));
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(folder.Path, "config.json")))!;
        config["quantization_config"]!["group_size"] = 128;
        folder.Write("config.json", config.ToJsonString());

        var run = await CommandRun.OfAsync("check", "--model", folder.Path);

        Assert.Equal(2, run.ExitCode);
        Assert.Single(run.Error.Split("quantization_config.group_size: expected 64, as model.layers.0.").Skip(1));
    }
}
