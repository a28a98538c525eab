using System.Collections.Concurrent;
using Akka.Actor;
using Akka.Event;
using AkkaCp.Actors.Cluster;
using AkkaCp.Actors.Logging;
using AkkaCp.Actors.Tests.Cluster;
using AkkaCp.Settings;
using Microsoft.Extensions.Logging;
using Xunit;
using LogLevel = Microsoft.Extensions.Logging.LogLevel;

namespace AkkaCp.Actors.Tests.Logging;

/// <summary>What a program finds in its log, and under which name.</summary>
public class LogCategorySpec
{
    [Fact]
    public async Task AkkasLines_AndTheEnginesOwn_CanBeToldApart()
    {
        var heard = new BlockingCollection<(string Category, LogLevel Level, string Text)>();
        using var loggers = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(new Recorder(heard)));
        var system = ListeningSystem.OfNode(new EngineSettings { Cluster = new ClusterSettings { Port = 0 } }, 0, loggers);
        try
        {
            system.ActorOf(Props.Create(() => new Talker()), "talker");
            var lines = new List<(string Category, LogLevel Level, string Text)>();
            while (!lines.Any(line => line.Text.EndsWith("to be seen", StringComparison.Ordinal)))
            {
                Assert.True(heard.TryTake(out var line, TestCluster.Patience));
                lines.Add(line);
            }

            var own = Assert.Single(lines, line => line.Category == LogCategories.Engine);
            Assert.Equal((LogLevel.Warning, "akka.tcp://", "talker: to be seen"), (own.Level, own.Text[..11], own.Text[^18..]));
            Assert.Contains(lines, line => line.Category == LogCategories.Akka);
        }
        finally
        {
            await system.Terminate();
        }
    }

    private sealed class Talker : UntypedActor
    {
        protected override void PreStart() => Context.GetLogger().Warning("to be seen");

        protected override void OnReceive(object message) => Unhandled(message);
    }

    private sealed class Recorder(BlockingCollection<(string Category, LogLevel Level, string Text)> heard) : ILoggerProvider
    {
        public ILogger CreateLogger(string categoryName) => new Line(categoryName, heard);

        public void Dispose()
        {
            // The test reads what it wants.
        }
    }

    private sealed class Line(string category, BlockingCollection<(string Category, LogLevel Level, string Text)> heard) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            heard.Add((category, logLevel, formatter(state, exception)));
    }
}
