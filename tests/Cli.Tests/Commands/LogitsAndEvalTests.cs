using System.Text.Json.Nodes;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Cli.Tests.Commands;

public class LogitsAndEvalTests
{
    private static readonly string s_tokens = string.Join(',', Enumerable.Range(0, 700).Select(i => ((i * 7919) + 11) % 509));

    [Fact]
    public async Task Logits_AreTheSameBytes_HoweverThePromptIsSpreadAndCut()
    {
        using var folder = new TemporaryFolder();
        string[][] ways =
        [
            ["--attn-cp", "1"], ["--attn-cp", "2"], ["--attn-cp", "3"], ["--attn-cp", "4"],
            ["--attn-cp", "2", "--chunk", "7"], ["--attn-cp", "2", "--chunk", "64"], ["--attn-cp", "1", "--threads", "2"],
        ];

        var files = new List<byte[]>();
        foreach (var way in ways)
        {
            var run = await CommandRun.OfAsync(
                ["logits", "--model", RepositoryFiles.DemoModel, "--tokens", s_tokens, "--min-cp-tokens", "8", "--output",
                    folder.File("logits"), .. way]);
            Assert.Equal(0, run.ExitCode);
            files.Add(await File.ReadAllBytesAsync(folder.File("logits"), TestContext.Current.CancellationToken));
        }

        Assert.Equal(700 * 512 * sizeof(float), files[0].Length);
        Assert.All(files, file => Assert.True(files[0].AsSpan().SequenceEqual(file)));
        Assert.Equal(["logits"], Directory.GetFiles(folder.Path).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData("[1, 2, 3]")]
    [InlineData("""{"tokens": [1, 2, 3]}""")]
    public async Task TokensFile_IsAnArrayOrAnObject(string json)
    {
        using var folder = new TemporaryFolder();

        var run = await CommandRun.OfAsync(
            "logits", "--model", RepositoryFiles.TinyModel("f32"), "--tokens-file", folder.Write("tokens.json", json),
            "--output", folder.File("logits"), "--attn-cp", "1");

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(0, new FileInfo(folder.File("logits")).Length % (3 * sizeof(float)));
    }

    [Fact]
    public async Task OutputThatIsALink_IsWrittenThrough_AndADirectoryIsRefused()
    {
        using var folder = new TemporaryFolder();
        var (target, link) = (folder.Write("target", new string('x', 100_000)), folder.File("link"));
        File.CreateSymbolicLink(link, target);

        var linked = await CommandRun.OfAsync("logits", "--tokens", "1,2", "--output", link);
        var directory = await CommandRun.OfAsync("logits", "--tokens", "1,2", "--output", folder.Path);

        Assert.Equal(0, linked.ExitCode);
        Assert.Equal(target, new FileInfo(link).LinkTarget);
        Assert.Equal(2 * 512 * sizeof(float), new FileInfo(target).Length);
        Assert.Equal(2, directory.ExitCode);
    }

    [Fact]
    public async Task OutputThatHasNoLength_AsDevicesHave_KeepsItsInode()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("device", "");
        await using var opened = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);

        var run = await CommandRun.OfAsync("logits", "--tokens", "1,2", "--output", file);

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(2 * 512 * sizeof(float), opened.Length);
    }

    [Theory]
    [InlineData("--tokens 1,x")]
    [InlineData("--tokens 1,-1")]
    [InlineData("--tokens 100000")]
    [InlineData("")]
    [InlineData("--tokens 1 --tokens-file x")]
    [InlineData("--tokens-file /nowhere/at.all")]
    [InlineData("--tokens 1 --output /nowhere/at/all")]
    public async Task WrongTokens_AreWrongUsage_AndLeaveNoFile(string line)
    {
        using var folder = new TemporaryFolder();
        string[] output = line.Contains("--output", StringComparison.Ordinal) ? [] : ["--output", folder.File("logits")];

        var run = await CommandRun.OfAsync(
            ["logits", "--attn-cp", "1", "--model", RepositoryFiles.DemoModel, .. output,
                .. line.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);

        Assert.Equal(2, run.ExitCode);
        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public async Task Eval_CountsRightAnswersAndIdenticalTexts()
    {
        var file = Path.Combine(RepositoryFiles.DemoModel, "eval.jsonl");

        var run = await CommandRun.OfAsync("eval", file, "--limit", "10", "--parallel", "4", "--dtype", "float32", "--json");

        Assert.Equal(0, run.ExitCode);
        var json = JsonNode.Parse(run.Out)!;
        Assert.Equal((10, 10, 10), ((int)json["right"]!, (int)json["total"]!, (int)json["identical"]!));
    }

    [Fact]
    public async Task Eval_OfWrongAnswers_CountsThemWrong()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write(
            "questions.jsonl",
            """{"question": "Tina has 4 boxes with 10 stones in each box. How many stones does Tina have?", "answer": "41", "reference_text": "no"}""");

        var run = await CommandRun.OfAsync("eval", file, "--attn-cp", "1");

        Assert.StartsWith("right 0 / 1", run.Out, StringComparison.Ordinal);
        Assert.Contains("identical to the reference 0 / 1", run.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("eval /nowhere/at.all")]
    [InlineData("eval FILE --parallel 0")]
    [InlineData("eval FILE --limit 0")]
    [InlineData("eval")]
    public async Task Eval_WrongUsage_IsOneLineAndExitCode2(string line)
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("questions.jsonl", "{\"question\": \"x\"}");

        var run = await CommandRun.OfAsync([.. line.Split(' ').Select(word => word == "FILE" ? file : word)]);

        Assert.Equal(2, run.ExitCode);
        Assert.Single(run.ErrorLines);
    }
}
