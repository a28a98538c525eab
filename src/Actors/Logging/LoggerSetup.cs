using Akka.Actor.Setup;
using Microsoft.Extensions.Logging;

namespace AkkaCp.Actors.Logging;

/// <summary>Carries the program's logger into the actor system.</summary>
internal sealed class LoggerSetup(ILogger logger) : Setup
{
    public ILogger Logger { get; } = logger;
}
