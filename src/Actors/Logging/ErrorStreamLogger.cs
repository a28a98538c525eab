using Akka.Event;

namespace AkkaCp.Actors.Logging;

/// <summary>
/// Takes the place of Akka's standard-output logger, which serves while the actor system starts and ends: standard output belongs to
/// the program's answers. This engine's warnings and errors go to standard error, the rest nowhere: what Akka tells then is of links that
/// end with it, and what keeps it from starting it throws.
/// </summary>
internal sealed class ErrorStreamLogger : MinimalLogger
{
    /// <inheritdoc/>
    protected override void Log(object message)
    {
        if (message is not LogEvent happened || happened.LogLevel() < LogLevel.WarningLevel || ExtensionsLogger.IsAkkas(happened))
            return;
        try
        {
#pragma warning disable RS0030 // Where no logger is yet, or none any more, this stream is all there is.
            Console.Error.WriteLine(happened);
#pragma warning restore RS0030
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            // A full disk or a closed stream: there is nowhere else to say it, and who logs must go on.
        }
    }
}
