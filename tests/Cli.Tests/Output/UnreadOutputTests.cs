using Xunit;

namespace AkkaCp.Cli.Tests.Output;

/// <summary>
/// Output that nobody reads ends the command. A run that went on to its end would exit with 0 and a line about itself on standard error.
/// </summary>
public class UnreadOutputTests
{
    private const int Unread = 141;

    private static readonly string[] s_longRun =
        ["run", "x", "--raw", "--ignore-eos", "--max-tokens", "4000", "--temperature", "0", "--attn-cp", "1"];

    [Fact]
    public async Task Run_WhoseReaderLeaves_EndsWithoutAWord()
    {
        SkipWhereReadersCannotBeWatched();
        using var run = new AkkacpProcess(s_longRun);

        await run.ReadAndLeaveAsync(10);

        await AssertUnreadAsync(run);
    }

    [Fact]
    public async Task Run_ThatHasNothingToWriteYet_EndsToo()
    {
        SkipWhereReadersCannotBeWatched();
        using var run = new AkkacpProcess([.. s_longRun, "--json"]);

        await run.ReadAndLeaveAsync(0);

        await AssertUnreadAsync(run);
    }

    [Fact]
    public async Task Logits_WhoseReaderLeaves_EndWithoutAWord()
    {
        SkipWhereReadersCannotBeWatched();
        using var logits = new AkkacpProcess(
            "logits", "--tokens", string.Join(',', Enumerable.Repeat(7, 4000)), "--output", "-", "--attn-cp", "1");

        await logits.ReadAndLeaveAsync(0);

        await AssertUnreadAsync(logits);
    }

    [Fact]
    public async Task Logits_IntoAPipe_AreThoseOfAFile()
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("logits.bin");
        await CommandRun.OfAsync("logits", "--tokens", "1,2,3", "--output", file, "--attn-cp", "1");
        using var logits = new AkkacpProcess("logits", "--tokens", "1,2,3", "--output", "-", "--attn-cp", "1");
        using var read = new MemoryStream();

        await logits.Output.CopyToAsync(read, TestContext.Current.CancellationToken);

        Assert.Equal(0, (await logits.EndAsync()).ExitCode);
        Assert.Equal(await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken), read.ToArray());
    }

    [Fact]
    public async Task FullDiskUnderTheAnswer_FailsTheRunByName()
    {
        SkipWithoutFullDevice();
        using var run = AkkacpProcess.Redirected(">/dev/full", s_longRun);

        var (exitCode, errors) = await run.EndAsync();

        Assert.Equal(1, exitCode);
        Assert.StartsWith("akkacp: standard output: ", Assert.Single(errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task FullDiskUnderWhatIsSaidBesideTheAnswer_LeavesTheAnswer()
    {
        SkipWithoutFullDevice();
        using var run = AkkacpProcess.Redirected("2>/dev/full", "run", "x", "--raw", "--max-tokens", "3", "--ignore-eos", "--attn-cp", "1");
        using var read = new MemoryStream();

        await run.Output.CopyToAsync(read, TestContext.Current.CancellationToken);

        Assert.Equal(0, (await run.EndAsync()).ExitCode);
        Assert.True(read.Length > 1);
    }

    [Theory]
    [InlineData("run", "x", "--raw", "--ignore-eos", "--max-tokens", "4000")]
    [InlineData("eval", "eval.jsonl")]
    [InlineData("bench", "load", "--rounds", "1000000")]
    public async Task ReaderThatLeavesWhileACommandComputes_EndsIt(params string[] line)
    {
        using var leaving = new CancellationTokenSource();
        await using var errors = new LeaveOnText(leaving);
        using var folder = new TemporaryFolder();
        var questions = folder.Write("eval.jsonl", string.Concat(Enumerable.Repeat("{\"question\": \"x\", \"answer\": \"1\"}\n", 100_000)));
        string[] args = [.. line.Select(word => word == "eval.jsonl" ? questions : word)];

        // The first remark on standard error is that loading is done, or a round begins: from then on nobody reads.
        var exitCode = await Program.RunAsync(
            args, new CommandIo(TextReader.Null, TextWriter.Null, errors, OutputUnread: leaving.Token),
            TestContext.Current.CancellationToken);

        Assert.Equal(Unread, exitCode);
        Assert.DoesNotContain("cancelled", errors.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task LogitsIntoAFile_DoNotCareWhoReadsStandardOutput()
    {
        using var gone = new CancellationTokenSource();
        await gone.CancelAsync();
        using var folder = new TemporaryFolder();
        string[] args = ["logits", "--tokens", "1,2,3", "--output", folder.File("logits.bin"), "--attn-cp", "1"];

        var exitCode = await Program.RunAsync(
            args, new CommandIo(TextReader.Null, TextWriter.Null, TextWriter.Null, OutputUnread: gone.Token),
            TestContext.Current.CancellationToken);

        Assert.Equal(0, exitCode);
        Assert.True(File.Exists(folder.File("logits.bin")));
    }

    [Fact]
    public void Node_ServesOthersThanItsReader()
    {
        Assert.False(CommandTree.EndsWithItsReader(
            CommandTree.Build(new CommandIo(TextReader.Null, TextWriter.Null, TextWriter.Null)).Parse("node --config x")));
        Assert.True(CommandTree.EndsWithItsReader(
            CommandTree.Build(new CommandIo(TextReader.Null, TextWriter.Null, TextWriter.Null)).Parse("bench load")));
    }

    private static async Task AssertUnreadAsync(AkkacpProcess process)
    {
        var (exitCode, errors) = await process.EndAsync();
        Assert.Equal((Unread, ""), (exitCode, string.Join('\n', errors)));
    }

    private static void SkipWhereReadersCannotBeWatched() =>
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows tells nothing of readers");

    private static void SkipWithoutFullDevice() => Assert.SkipUnless(File.Exists("/dev/full"), "this system has no /dev/full");

    private sealed class LeaveOnText(CancellationTokenSource leaving) : StringWriter
    {
        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            leaving.Cancel();
        }
    }
}
