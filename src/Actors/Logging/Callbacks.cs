using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AkkaCp.Actors.Logging;

/// <summary>
/// The program's own code as this engine calls it: its loggers, which this is in place of, and whoever else is guarded here. What such code
/// throws stays here, for no actor, rank or stream may depend on it: it is counted, and said once for each callback, where the log still
/// takes it. Thread-safe.
/// </summary>
public sealed class Callbacks : ILoggerFactory
{
    private readonly ILoggerFactory _loggers;
    private readonly ConcurrentDictionary<string, bool> _said = new(StringComparer.Ordinal);
    private long _failures;

    private Callbacks(ILoggerFactory loggers) => _loggers = loggers;

    /// <summary>How often the program's code has thrown.</summary>
    public long Failures => Interlocked.Read(ref _failures);

    /// <summary>Those of a program with these loggers; the same, where they are such already.</summary>
    /// <param name="loggers">Takes the log; null = nobody. Stays the program's.</param>
    public static Callbacks Of(ILoggerFactory? loggers) => loggers as Callbacks ?? new Callbacks(loggers ?? NullLoggerFactory.Instance);

    /// <summary>The same action; what it throws stays in it.</summary>
    /// <param name="name">What the program knows it by.</param>
    /// <param name="callback">The program's; null gives null.</param>
    public Action<T>? Guard<T>(string name, Action<T>? callback) => callback is null ? null : value =>
    {
        try
        {
            callback(value);
        }
#pragma warning disable CA1031 // Whatever the program's code throws is its own.
        catch (Exception error)
#pragma warning restore CA1031
        {
            Note(name, error);
        }
    };

    /// <summary>The same progress, reported at once; what it throws stays in it.</summary>
    /// <param name="name">What the program knows it by.</param>
    /// <param name="progress">The program's; null gives null.</param>
    public IProgress<T>? Guard<T>(string name, IProgress<T>? progress) =>
        progress is null ? null : new Progress<T>(Guard<T>(name, progress.Report)!);

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName)
    {
        try
        {
            return new GuardedLogger(this, _loggers.CreateLogger(categoryName));
        }
#pragma warning disable CA1031 // Whatever the program's code throws is its own.
        catch (Exception error)
#pragma warning restore CA1031
        {
            Note(nameof(ILoggerFactory), error);
            return NullLogger.Instance;
        }
    }

    /// <inheritdoc/>
    public void AddProvider(ILoggerProvider provider) => _loggers.AddProvider(provider);

    /// <summary>Does nothing: the loggers are the program's.</summary>
    public void Dispose()
    {
    }

    /// <summary>The program's code has thrown.</summary>
    internal void Note(string name, Exception error)
    {
        Interlocked.Increment(ref _failures);
        if (_said.TryAdd(name, true))
        {
            CreateLogger(LogCategories.Engine).LogWarning(
                error, "{Callback} of the program threw {Error}: nothing here depends on it, and it is not said again", name,
                error.Message);
        }
    }

    private sealed class Progress<T>(Action<T> report) : IProgress<T>
    {
        public void Report(T value) => report(value);
    }
}
