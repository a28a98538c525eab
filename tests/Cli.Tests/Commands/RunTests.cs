using System.Text.Json.Nodes;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Cli.Tests.Commands;

public class RunTests
{
    private const string Question = "Ada has 61 shells. Ivan gives Ada 33 more. How many shells does Ada have now?";
    private const string Answer = "61 + 33 = 94\n#### 94";

    [Fact]
    public async Task WithoutAnyOption_TheDemoModelAnswers_OnTwoRanks()
    {
        var run = await CommandRun.OfAsync("run", Question);

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(Answer + Environment.NewLine, run.Out);
        var line = run.ErrorLines[^1];
        Assert.StartsWith("2 ranks, attn-cp 2 | 31 prompt tokens as 15 + 16 rows | Split | K/V gathered ", line,
            StringComparison.Ordinal);
        Assert.Contains("first token after", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task LayoutGivenBySet_IsTheWholeLayout()
    {
        var run = await CommandRun.OfAsync("run", Question, "--set", "akka-cp.parallel.attn-cp=3");

        Assert.Equal(Answer + Environment.NewLine, run.Out);
        Assert.StartsWith("3 ranks, attn-cp 3 | ", run.ErrorLines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task PromptFile_EndsBeforeItsLastLineEnd()
    {
        using var folder = new TemporaryFolder();

        var run = await CommandRun.OfAsync("run", "--prompt-file", folder.Write("prompt.txt", Question + "\r\n"));

        Assert.Equal(Answer + Environment.NewLine, run.Out);
    }

    [Fact]
    public async Task EmptyPipe_IsNoPrompt()
    {
        var run = await CommandRun.WithInputAsync("\n", ["run"]);

        Assert.Equal(2, run.ExitCode);
        Assert.Equal(["akkacp: run: expected a PROMPT, --prompt-file or piped input, found empty input"], run.ErrorLines);
    }

    [Theory]
    [InlineData("--tp", "x", "akkacp: --tp: expected a whole number up to 2147483647, found \"x\"")]
    [InlineData("--seed", "-1", "akkacp: --seed: expected a whole number from 0 to 18446744073709551615, found \"-1\"")]
    [InlineData("--temperature", "1,5", "akkacp: --temperature: expected a number, found \"1,5\"")]
    [InlineData("--temperature", "hot", "akkacp: --temperature: expected a number, found \"hot\"")]
    public async Task WrongNumber_IsToldByItsOption(string option, string value, string expected)
    {
        var run = await CommandRun.OfAsync("run", Question, option, value);

        Assert.Equal(2, run.ExitCode);
        Assert.Equal([expected], run.ErrorLines);
    }

    [Fact]
    public async Task Json_IsOneObjectWithTheNamedMembers()
    {
        var run = await CommandRun.OfAsync("run", Question, "--json", "--dtype", "float32", "--attn-cp", "1");

        var json = JsonNode.Parse(run.Out)!.AsObject();
        Assert.Equal(
            ["text", "tokens", "prompt_tokens", "finish_reason", "ttft_ms", "prefill_tokens_per_second",
                "decode_tokens_per_second"],
            json.Select(member => member.Key));
        Assert.Equal(Answer, (string?)json["text"]);
        Assert.Equal("stop", (string?)json["finish_reason"]);
        Assert.Equal(511, (int)json["tokens"]!.AsArray()[^1]!);
        Assert.Equal(31, (int)json["prompt_tokens"]!);
        Assert.True((double)json["ttft_ms"]! > 0);
    }

    [Fact]
    public async Task PromptFromAFileOrAPipe_IsTheSameAsFromTheCommandLine()
    {
        using var folder = new TemporaryFolder();

        var file = await CommandRun.OfAsync("run", "--prompt-file", folder.Write("prompt.txt", Question), "--attn-cp", "1");
        var pipe = await CommandRun.WithInputAsync(Question + "\n", ["run", "--attn-cp", "1"]);

        Assert.Equal(Answer, file.Out.Trim());
        Assert.Equal(Answer, pipe.Out.Trim());
    }

    [Fact]
    public async Task Raw_SkipsTheTemplate_AndMaxTokensLimits()
    {
        var run = await CommandRun.OfAsync(
            "run", $"<|im_start|>user\n{Question}<|im_end|>\n<|im_start|>assistant\n", "--raw", "--json", "--max-tokens", "3",
                "--attn-cp", "1");

        var json = JsonNode.Parse(run.Out)!;
        Assert.Equal(31, (int)json["prompt_tokens"]!);
        Assert.Equal(3, json["tokens"]!.AsArray().Count);
        Assert.Equal("length", (string?)json["finish_reason"]);
        Assert.StartsWith((string?)json["text"], Answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Config_DecidesTheLayout_AndTheDemoModelAnswersWhereItNamesNone()
    {
        var config = Path.Combine(RepositoryFiles.Root, "config", "tp4-moedp2-cp2.conf");

        var run = await CommandRun.OfAsync("run", Question, "--config", config, "--set", "akka-cp.cluster.seeds=[]");

        Assert.Equal(Answer, run.Out.Trim());
        Assert.StartsWith("4 ranks, attn-cp 2 |", run.ErrorLines[^1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("run")]
    [InlineData("run x --prompt-file y")]
    [InlineData("run --prompt-file /nowhere/at.all")]
    [InlineData("run x --temperature -1", "temperature")]
    [InlineData("run x --temperature NaN", "temperature")]
    [InlineData("run x --max-tokens 0", "max_tokens")]
    [InlineData("run x --max-tokens 100000", "max_tokens")]
    [InlineData("run x --seed -1", "--seed")]
    [InlineData("run x --dtype int2", "int2")]
    [InlineData("run x --model /nowhere", "/nowhere")]
    [InlineData("run x --config /nowhere.conf", "/nowhere.conf")]
    [InlineData("run x --attn-cp 0", "attn-cp")]
    [InlineData("run x --tp 3 --attn-cp 2", "divisible")]
    [InlineData("run x --tp 16 --attn-cp 1 --moe-dp 1", "num_attention_heads")]
    public async Task WrongUsage_IsOneLineAndExitCode2(string line, string named = "")
    {
        var run = await CommandRun.OfAsync(line.Split(' '));

        Assert.Equal(2, run.ExitCode);
        Assert.Equal("", run.Out);
        Assert.Contains(named, run.ErrorLines[^1], StringComparison.Ordinal);
        Assert.Single(run.ErrorLines, text => !text.StartsWith("akkacp: loading", StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancelling_EndsTheRunWithOneLine()
    {
        using var cancelling = new CancellationTokenSource();
        await using var output = new CancelOnText(cancelling);

        var run = await CommandRun.WithInputAsync(null, ["run", Question, "--attn-cp", "1"], output, cancelling.Token);

        Assert.Equal(1, run.ExitCode);
        Assert.Equal("akkacp: cancelled", run.ErrorLines[^1]);
    }

    [Fact]
    public async Task NumbersThatAreNone_FailTheRunByName()
    {
        using var folder = new TemporaryFolder();
        var model = folder.File("model");
        await CommandRun.OfAsync("synth", "--preset", "tiny", "--layers", "1", "--dtype", "float32", "--output", model);
        var weights = Path.Combine(model, "model.safetensors");
        var bytes = await File.ReadAllBytesAsync(weights, TestContext.Current.CancellationToken);
        for (var at = bytes.Length - 400_000; at + 4 <= bytes.Length; at += 4)
            BitConverter.TryWriteBytes(bytes.AsSpan(at), float.NaN);
        await File.WriteAllBytesAsync(weights, bytes, TestContext.Current.CancellationToken);

        var run = await CommandRun.OfAsync("run", "x", "--raw", "--model", model, "--attn-cp", "1");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("NonFiniteLogits", run.ErrorLines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task TruncatedWeights_AreRefusedByName()
    {
        using var folder = new TemporaryFolder();
        foreach (var file in Directory.GetFiles(RepositoryFiles.DemoModel))
            File.Copy(file, folder.File(Path.GetFileName(file)));
        await using (var weights = File.OpenWrite(folder.File("model.safetensors")))
            weights.SetLength(weights.Length - 1);

        var run = await CommandRun.OfAsync("run", "x", "--model", folder.Path);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("model.safetensors", Assert.Single(run.ErrorLines), StringComparison.Ordinal);
    }

    private sealed class CancelOnText(CancellationTokenSource cancelling) : StringWriter
    {
        public override Task WriteAsync(string? value)
        {
            if (!string.IsNullOrEmpty(value))
                cancelling.Cancel();
            return base.WriteAsync(value);
        }
    }
}
