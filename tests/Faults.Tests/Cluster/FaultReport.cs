using System.Diagnostics;
using System.Globalization;

namespace AkkaCp.Faults.Tests.Cluster;

/// <summary>A row of the recovery table for each fault, appended to the file that AKKACP_FAULTS_REPORT names.</summary>
internal static class FaultReport
{
    private static readonly Lock s_gate = new();

    /// <summary>Writes one row.</summary>
    /// <param name="fault">What was done.</param>
    /// <param name="at">When.</param>
    /// <param name="detected">When the group was formed anew; null when it was not.</param>
    /// <param name="serving">When it served again.</param>
    /// <param name="pause">Longest silence of a stream.</param>
    public static void Add(string fault, long at, long? detected, long? serving, TimeSpan pause)
    {
        var row = $"| {fault} | {Since(at, detected)} | {Since(at, serving)} | {Seconds(pause)} |";
        TestContextOutput(row);
        if (Environment.GetEnvironmentVariable("AKKACP_FAULTS_REPORT") is not { Length: > 0 } file)
            return;
        lock (s_gate)
            File.AppendAllText(file, row + Environment.NewLine);
    }

    private static void TestContextOutput(string row) => Xunit.TestContext.Current.TestOutputHelper?.WriteLine(row);

    private static string Since(long at, long? then) => then is { } moment ? Seconds(Stopwatch.GetElapsedTime(at, moment)) : "no new epoch";

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s");
}
