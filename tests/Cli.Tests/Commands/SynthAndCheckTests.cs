using Xunit;

namespace AkkaCp.Cli.Tests.Commands;

public class SynthAndCheckTests
{
    [Fact]
    public async Task Synth_WritesAModelThatCheckAccepts()
    {
        using var folder = new TemporaryFolder();
        var model = folder.File("model");

        var synth = await CommandRun.OfAsync("synth", "--preset", "tiny", "--layers", "2", "--seed", "5", "--output", model);
        var check = await CommandRun.OfAsync("check", "--model", model, "--check-tensors", "--tp", "4", "--attn-cp", "2",
            "--moe-dp", "2");

        Assert.Equal(0, synth.ExitCode);
        Assert.Equal(0, check.ExitCode);
        Assert.Contains("tp 4, attn-cp 2, moe-dp 2, ep 1: 4 ranks", check.Out, StringComparison.Ordinal);
        Assert.Matches("(?m)^device .* processors$", check.Out);
    }

    [Theory]
    [InlineData("synth --preset nonsense --layers 2 --output X")]
    [InlineData("synth --preset tiny --layers 0 --output X")]
    [InlineData("synth --preset tiny --layers 1")]
    [InlineData("synth --preset tiny --dtype int8 --output X")]
    [InlineData("check --config /nowhere.conf")]
    [InlineData("check --set akka-cp.nonsense=1")]
    [InlineData("check --set nonsense")]
    [InlineData("check --tp 3 --attn-cp 2")]
    [InlineData("check --chunk -3")]
    [InlineData("check --threads many")]
    public async Task WrongUsage_IsOneLineAndExitCode2(string line)
    {
        using var folder = new TemporaryFolder();

        var run = await CommandRun.OfAsync([.. line.Split(' ').Select(word => word == "X" ? folder.File("x") : word)]);

        Assert.Equal(2, run.ExitCode);
        Assert.Single(run.ErrorLines);
    }

    [Fact]
    public async Task SynthIntoAFolderWithFiles_IsRefused()
    {
        using var folder = new TemporaryFolder();
        folder.Write("precious.txt", "mine");

        var run = await CommandRun.OfAsync("synth", "--preset", "tiny", "--layers", "1", "--output", folder.Path);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("precious.txt", Assert.Single(run.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_NamesEveryMistakeOfAModel()
    {
        using var folder = new TemporaryFolder();
        folder.Write("config.json", """{"model_type": "llama", "hidden_size": -1}""");

        var run = await CommandRun.OfAsync("check", "--model", folder.Path);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("model_type", run.Error, StringComparison.Ordinal);
        Assert.Contains("hidden_size", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_FindsNumbersThatAreNone()
    {
        using var folder = new TemporaryFolder();
        var model = folder.File("model");
        await CommandRun.OfAsync("synth", "--preset", "tiny", "--layers", "1", "--dtype", "float32", "--output", model);
        var weights = Path.Combine(model, "model.safetensors");
        var bytes = await File.ReadAllBytesAsync(weights, TestContext.Current.CancellationToken);
        BitConverter.TryWriteBytes(bytes.AsSpan(bytes.Length - 4), float.NaN);
        await File.WriteAllBytesAsync(weights, bytes, TestContext.Current.CancellationToken);

        var run = await CommandRun.OfAsync("check", "--model", model, "--check-tensors");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("NaN", Assert.Single(run.ErrorLines), StringComparison.Ordinal);
    }
}
