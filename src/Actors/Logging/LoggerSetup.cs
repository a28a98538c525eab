using Akka.Actor.Setup;
using Microsoft.Extensions.Logging;

namespace AkkaCp.Actors.Logging;

/// <summary>Carries the program's loggers into the actor system.</summary>
internal sealed class LoggerSetup(ILoggerFactory loggers) : Setup
{
    /// <summary>For what this engine tells.</summary>
    public ILogger Engine { get; } = Callbacks.Of(loggers).CreateLogger(LogCategories.Engine);

    /// <summary>For what Akka tells.</summary>
    public ILogger Akka { get; } = Callbacks.Of(loggers).CreateLogger(LogCategories.Akka);
}
