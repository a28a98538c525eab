using System.Collections.Immutable;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Scheduling;

/// <summary>
/// How fast the ranks have computed prompts of late, as they measured it: what a chunk is cut by where others wait for its step. A token's
/// work is 1 with nothing in front of it, and 2 where its attention costs as much as all the rest. Immutable.
/// </summary>
internal readonly record struct PrefillPace
{
    // A step with less is mostly the reading of weights, which says nothing of a chunk.
    private const int LeastTokens = 32;

    // Of what is remembered, at each step: some steps forget what was.
    private const double Kept = 0.5;

    private double Work { get; init; }

    private double Seconds { get; init; }

    // As many as are inside at a time. They share the machine and end close to each other: the first is told the time of all, those behind
    // it next to none, and only together have they theirs.
    private ImmutableArray<(double Work, double Seconds)> Last { get; init; }

    /// <summary>With one more step, all of whose time counts as its prompts'.</summary>
    /// <param name="step">Has ended well on all ranks.</param>
    /// <param name="limits">Of attention.</param>
    public PrefillPace Add(StepState step, SchedulerLimits limits)
    {
        var work = WorkOf(step.Plan, limits);
        var seconds = step.Results.Values.Max(result => result.Stats.Elapsed.TotalSeconds);
        var before = Last.IsDefault ? [] : Last;
        ImmutableArray<(double Work, double Seconds)> last = [.. before.Append((work, seconds)).TakeLast(limits.Steps.StepsInFlight)];
        if (step.Plan.Requests.Where(share => !share.IsDecode).Sum(share => share.Tokens.Length) < LeastTokens)
            return this with { Last = last };
        return new PrefillPace
        {
            Work = (Kept * Work) + last.Sum(one => one.Work),
            Seconds = (Kept * Seconds) + last.Sum(one => one.Seconds),
            Last = last,
        };
    }

    /// <summary>Work that is done in a time; 0 while nothing is known.</summary>
    public double WorkIn(TimeSpan time) => Seconds > 0 ? time.TotalSeconds * Work / Seconds : 0;

    /// <summary>Work of a step's chunks.</summary>
    public static double WorkOf(StepPlan plan, SchedulerLimits limits) =>
        plan.Requests.Where(share => !share.IsDecode).Sum(share => WorkOf(share.Tokens.Length, share.Prefix, limits));

    /// <summary>Work of a chunk's tokens.</summary>
    public static double WorkOf(int tokens, int prefix, SchedulerLimits limits) =>
        tokens * (1 + ((prefix + (tokens / 2.0)) / limits.AttentionBalance));

    /// <summary>Tokens behind a prefix that are so much work: the inverse of <see cref="WorkOf(int, int, SchedulerLimits)"/>.</summary>
    public static int TokensOf(double work, int prefix, SchedulerLimits limits)
    {
        double balance = limits.AttentionBalance;
        var first = 1 + (prefix / balance);
        return (int)Math.Min(int.MaxValue, balance * (Math.Sqrt((first * first) + (2 * work / balance)) - first));
    }
}
