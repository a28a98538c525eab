using Microsoft.Extensions.Logging;

namespace AkkaCp.Actors.Logging;

/// <summary>A logger of the program. Its disk may be full, or its stream closed: what it throws stays here.</summary>
internal sealed class GuardedLogger(Callbacks callbacks, ILogger logger) : ILogger
{
    /// <inheritdoc/>
    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        try
        {
            logger.Log(logLevel, eventId, state, exception, formatter);
        }
#pragma warning disable CA1031 // Whatever the program's code throws is its own.
        catch (Exception error)
#pragma warning restore CA1031
        {
            callbacks.Note(nameof(ILogger), error);
        }
    }

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel)
    {
        try
        {
            return logger.IsEnabled(logLevel);
        }
#pragma warning disable CA1031 // Whatever the program's code throws is its own.
        catch (Exception error)
#pragma warning restore CA1031
        {
            callbacks.Note(nameof(ILogger), error);
            return false;
        }
    }

    /// <inheritdoc/>
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull
    {
        try
        {
            return logger.BeginScope(state);
        }
#pragma warning disable CA1031 // Whatever the program's code throws is its own.
        catch (Exception error)
#pragma warning restore CA1031
        {
            callbacks.Note(nameof(ILogger), error);
            return null;
        }
    }
}
