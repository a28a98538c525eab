using AkkaCp.Actors.Logging;
using AkkaCp.Cli.Commands;
using Microsoft.Extensions.Logging;
using Xunit;

namespace AkkaCp.Cli.Tests.Commands;

/// <summary><c>akkacp node</c>; nodes that run are tested as processes, in Faults.Tests.</summary>
public class NodeTests
{
    [Theory]
    [InlineData("", LogLevel.Warning, LogLevel.None)]
    [InlineData("--verbose", LogLevel.Debug, LogLevel.Debug)]
    public void ItsLog_IsTheEnginesWarnings_UnlessMoreIsAskedFor(string flag, LogLevel engine, LogLevel akka)
    {
        var io = new CommandIo(TextReader.Null, TextWriter.Null, TextWriter.Null, InputIsPiped: false);
        using var loggers = EngineFlags.LoggersOfANode(CommandTree.Build(io).Parse($"node {flag}"));

        Assert.Equal((engine, akka), (Least(loggers.CreateLogger(LogCategories.Engine)), Least(loggers.CreateLogger(LogCategories.Akka))));
    }

    [Fact]
    public async Task WithoutAConfiguration_IsRefused()
    {
        var run = await CommandRun.OfAsync("node");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("expected --config FILE with akka-cp.cluster.seeds", run.Error, StringComparison.Ordinal);
    }

    private static LogLevel Least(ILogger logger) =>
        Enum.GetValues<LogLevel>().Order().First(level => level == LogLevel.None || logger.IsEnabled(level));
}
