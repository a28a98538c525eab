using Akka.Actor;
using Akka.Dispatch;
using Akka.Event;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using LogLevel = Microsoft.Extensions.Logging.LogLevel;

namespace AkkaCp.Actors.Logging;

/// <summary>Hands Akka's log events to the program's logger, so that nothing of Akka's reaches standard output.</summary>
internal sealed class ExtensionsLogger : ReceiveActor, IRequiresMessageQueue<ILoggerMessageQueueSemantics>
{
    /// <summary>Created by Akka, by the name in akka.conf.</summary>
    public ExtensionsLogger()
    {
        var loggers = Context.System.Settings.Setup.Get<LoggerSetup>() is { HasValue: true } setup
            ? setup.Value
            : new LoggerSetup(NullLoggerFactory.Instance);
        Receive<InitializeLogger>(_ => Sender.Tell(new LoggerInitialized()));
        Receive<LogEvent>(happened => (IsAkkas(happened) ? loggers.Akka : loggers.Engine)
            .Log(LevelOf(happened), happened.Cause, "{Source}: {Message}", happened.LogSource, happened.Message));
    }

    /// <summary>Whether Akka tells it, not this engine.</summary>
    public static bool IsAkkas(LogEvent happened) => happened.LogClass?.Namespace?.StartsWith("Akka.", StringComparison.Ordinal) == true;

    /// <remarks>What Akka tells of its own doings is for those who look for a fault in it.</remarks>
    private static LogLevel LevelOf(LogEvent happened) => happened.LogLevel() switch
    {
        Akka.Event.LogLevel.DebugLevel => LogLevel.Debug,
        Akka.Event.LogLevel.InfoLevel when IsAkkas(happened) => LogLevel.Debug,
        Akka.Event.LogLevel.InfoLevel => LogLevel.Information,
        Akka.Event.LogLevel.WarningLevel => LogLevel.Warning,
        _ => LogLevel.Error,
    };
}
