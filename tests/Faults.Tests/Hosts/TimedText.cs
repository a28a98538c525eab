namespace AkkaCp.Faults.Tests.Hosts;

/// <summary>A piece of a program's output and when it came, on the clock of <see cref="System.Diagnostics.Stopwatch"/>.</summary>
internal readonly record struct TimedText(long Timestamp, string Text);
