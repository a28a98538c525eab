using Microsoft.Extensions.Logging;
using Xunit;

namespace AkkaCp.Actors.Tests;

/// <summary>Writes log lines to the running test's output.</summary>
/// <param name="output">The test's.</param>
/// <param name="heard">Takes the lines, too.</param>
internal sealed class OutputLogger(ITestOutputHelper? output, Action<string>? heard = null) : ILogger, ILoggerFactory
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Dispose()
    {
        // The test's output is the runner's.
    }

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        heard?.Invoke(formatter(state, exception));
        try
        {
            output?.WriteLine($"{logLevel} {formatter(state, exception)} {exception}");
        }
        catch (InvalidOperationException)
        {
            // The test is over.
        }
    }
}
