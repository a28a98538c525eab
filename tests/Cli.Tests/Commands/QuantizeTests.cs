using System.Text.Json.Nodes;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Cli.Tests.Commands;

/// <summary>Models that are written as GGUF files.</summary>
public sealed class QuantizeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("Q8_0", "files    Q8_0 2.1 MiB, ")]
    [InlineData("Q4_0", "files    Q4_0 ")]
    [InlineData("Q4_K_M", "files    Q5_0 ")]
    public async Task File_IsAModelThatAnswersAsTheDirectoryDoes(string type, string files)
    {
        var question = JsonNode.Parse(File.ReadLines(Path.Combine(RepositoryFiles.DemoModel, "eval.jsonl")).First())!;

        var quantize = await CommandRun.OfAsync("quantize", "--output", _folder.File("m.gguf"), "--type", type);
        var check = await CommandRun.OfAsync("check", "--check-tensors", "--model", _folder.File("m.gguf"));
        var run = await CommandRun.OfAsync("run", "--model", _folder.File("m.gguf"), (string)question["question"]!);

        Assert.Equal((0, 0, 0), (quantize.ExitCode, check.ExitCode, run.ExitCode));
        Assert.Equal(_folder.File("m.gguf"), quantize.Out.Trim());
        Assert.Contains(files, check.Out, StringComparison.Ordinal);
        Assert.Equal(((string)question["reference_text"]!).Trim(), run.Out.ReplaceLineEndings("\n").Trim());
    }

    [Fact]
    public async Task Type_IsQ4_K_MWhereNoneIsGiven_AndAGgufFileIsAModelToo()
    {
        await CommandRun.OfAsync("quantize", "--model", GgufModels.PathOf("mixed.gguf"), "--output", _folder.File("m.gguf"));

        var check = await CommandRun.OfAsync("check", "--model", _folder.File("m.gguf"));

        Assert.Matches(@"files    Q4_K [\d.]+ KiB, Q6_K [\d.]+ KiB, F32 ", check.Out);
    }

    [Fact]
    public async Task FileThatIsThere_IsReplacedWithForceAlone()
    {
        var there = _folder.Write("there.gguf", "mine");

        var refused = await CommandRun.OfAsync("quantize", "--output", there);
        Assert.Equal(2, refused.ExitCode);
        Assert.Equal($"akkacp: --output: expected no file, or --force, found {there}", Assert.Single(refused.ErrorLines));
        Assert.Equal("mine", await File.ReadAllTextAsync(there, TestContext.Current.CancellationToken));

        var forced = await CommandRun.OfAsync("quantize", "--output", there, "--force", "--type", "Q8_0");
        Assert.Equal(0, forced.ExitCode);
        Assert.InRange(new FileInfo(there).Length, 2_000_000, 2_500_000);
        Assert.Single(Directory.GetFiles(_folder.Path));
    }

    [Theory]
    [InlineData("quantize", "--output")]
    [InlineData("quantize --output X.gguf --type Q9", "'Q9'")]
    [InlineData("quantize --output X.bin", "a name that ends in .gguf")]
    [InlineData("quantize --output nowhere/X.gguf", "a directory that is there")]
    [InlineData("quantize --output . --type Q8_0", "a name that ends in .gguf")]
    [InlineData("quantize --output X.gguf --model nowhere", "--model")]
    [InlineData("synth --preset tiny --output X", "the file")]
    [InlineData("synth --preset tiny --output Y.gguf --format Q9", "'Q9'")]
    [InlineData("synth --preset tiny --output Y --format Q8_0", "a name that ends in .gguf")]
    [InlineData("synth --preset tiny --output X.gguf --format Q8_0", "or --force")]
    [InlineData("synth --preset tiny --output Y.gguf --format Q8_0 --dtype float32", "--dtype: expected none beside --format")]
    [InlineData("synth --preset tiny --output Y --force", "--force: expected it with --format")]
    [InlineData("synth --preset tiny --layers 0 --output Y.gguf --format Q8_0", "layers: expected 1 to 4096")]
    public async Task WrongUsage_IsOneLineAndNothingIsWritten(string line, string expected)
    {
        _folder.Write("X", "mine");
        if (line.StartsWith("synth", StringComparison.Ordinal))
            _folder.Write("X.gguf", "mine");

        var words = line.Split(' ').Select(word => word[0] is 'X' or 'Y' || word.Contains('/') ? _folder.File(word) : word);
        var run = await CommandRun.OfAsync([.. words]);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(expected, Assert.Single(run.ErrorLines), StringComparison.Ordinal);
        Assert.All(Directory.GetFiles(_folder.Path), file => Assert.Equal("mine", File.ReadAllText(file)));
    }

    [Fact]
    public async Task ModelThatNoFileCanSay_IsRefusedByItsKey()
    {
        using var copy = new ModelCopy();
        copy.Change("config.json", json => json["norm_topk_prob"] = false);

        var run = await CommandRun.OfAsync("quantize", "--model", copy.Path, "--output", _folder.File("m.gguf"));

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("norm_topk_prob: expected true", Assert.Single(run.ErrorLines), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public async Task Synth_WritesAFileThatCheckAccepts()
    {
        var file = _folder.File("m.gguf");

        var synth = await CommandRun.OfAsync("synth", "--preset", "tiny", "--layers", "2", "--format", "Q8_0", "--output", file);
        var check = await CommandRun.OfAsync("check", "--model", file, "--check-tensors");

        Assert.Equal((0, 0), (synth.ExitCode, check.ExitCode));
        Assert.Contains("Q8_0", check.Out, StringComparison.Ordinal);
    }
}
