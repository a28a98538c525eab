namespace AkkaCp.Bench.Serving;

/// <summary>What the measurements here ask with, and how they sum up what they saw.</summary>
internal static class Samples
{
    /// <summary>A prompt that shares nothing with others.</summary>
    public static int[] Prompt(Random random, int length) => [.. Enumerable.Range(0, length).Select(_ => random.Next(1000, 100_000))];

    /// <summary>A percentile.</summary>
    public static TimeSpan At(List<TimeSpan> sorted, double share) => sorted[(int)Math.Ceiling((sorted.Count - 1) * share)];
}
