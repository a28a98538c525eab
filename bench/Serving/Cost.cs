using System.Globalization;

namespace AkkaCp.Bench.Serving;

/// <summary>What a process has used since it started, or a token of that.</summary>
/// <param name="All">Processor time of all its threads, in µs.</param>
/// <param name="Outside">Of that, not of the ranks' own threads, which compute, and spin before they sleep.</param>
/// <param name="Bytes">Allocated on the managed heap.</param>
internal sealed record Cost(double All, double Outside, double Bytes)
{
    private const string Rank = "rank";

    /// <summary>Of this process.</summary>
    public static Cost Now()
    {
        var all = Environment.CpuUsage.TotalTime.TotalMicroseconds;
        return new Cost(all, all - RanksTime(), GC.GetTotalAllocatedBytes(precise: true));
    }

    /// <summary>One of so many.</summary>
    public Cost Since(Cost before, int count) =>
        new((All - before.All) / count, (Outside - before.Outside) / count, (Bytes - before.Bytes) / count);

    // The ranks' threads live as long as the process; others come and go.
    private static double RanksTime() => Directory.GetDirectories("/proc/self/task")
        .Where(thread => File.ReadAllText($"{thread}/comm").StartsWith(Rank, StringComparison.Ordinal))
        .Sum(thread => double.Parse(File.ReadAllText($"{thread}/schedstat").Split(' ')[0], CultureInfo.InvariantCulture) / 1e3);
}
