using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace AkkaCp.Engine.Tests.Callbacks;

/// <summary>A program's loggers whose disk is full; what they were told is kept.</summary>
internal sealed class ThrowingLoggers : ILoggerFactory, ILogger
{
    public bool IsBroken { get; init; } = true;

    public ConcurrentQueue<string> Lines { get; } = new();

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new IOException("no space left");

    public bool IsEnabled(LogLevel logLevel) => true;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => IsBroken ? throw new IOException("no space left") : null;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        Lines.Enqueue(formatter(state, exception));
        if (IsBroken)
            throw new IOException("no space left");
    }

    public void Dispose()
    {
    }
}

/// <summary>Progress that a program cannot show.</summary>
internal sealed class ThrowingProgress<T> : IProgress<T>
{
    private int _calls;

    public int Calls => _calls;

    public void Report(T value)
    {
        Interlocked.Increment(ref _calls);
        throw new InvalidOperationException("the display is gone");
    }
}
