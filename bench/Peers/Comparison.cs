using System.Diagnostics;
using System.Globalization;
using AkkaCp.Bench.Peers.Llama;
using AkkaCp.Serving.Bench;

namespace AkkaCp.Bench.Peers;

/// <summary>
/// Runs both engines on the same weights and tokens in turns (A B A B), and prints medians and the median of the rounds' ratios. The
/// first round warms up. Processor time is of all threads of the process, so what another process takes is no part of it.
/// </summary>
internal sealed class Comparison(BenchModel model, OwnEngine own, LlamaPeer peer, int rounds)
{
    /// <summary>ggml's threads spin for a while behind a run; the next engine must not share its processors with them.</summary>
    private static readonly TimeSpan s_rest = TimeSpan.FromMilliseconds(300);

    /// <summary>A prompt of random tokens.</summary>
    public async Task PrefillAsync(int length)
    {
        var turns = new List<Turn>();
        var equal = 0;
        for (var round = 0; round <= rounds; round++)
        {
            var prompt = model.RandomTokens(length, round);
            var (ownToken, peerToken) = (0, 0);
            var ours = await MeasureAsync(async () => ownToken = await own.PrefillAsync(prompt).ConfigureAwait(false)).ConfigureAwait(false);
            peer.Clear();
            var theirs = await MeasureAsync(() => Task.FromResult(peerToken = peer.Run(prompt, 0))).ConfigureAwait(false);
            Thread.Sleep(s_rest);
            equal += ownToken == peerToken ? 1 : 0;
            if (round > 0)
                turns.Add(new Turn(ours, theirs));
        }

        Print("prefill", length, length, turns, string.Create(CultureInfo.InvariantCulture, $"{equal} of {rounds + 1}"));
    }

    /// <summary>Decode steps behind a prompt.</summary>
    public async Task DecodeAsync(int depth, int steps)
    {
        var prompt = model.RandomTokens(depth, 0);
        await own.PrefillAsync(prompt).ConfigureAwait(false);
        peer.Clear();
        var token = peer.Run(prompt, 0);
        Thread.Sleep(s_rest);
        var turns = new List<Turn>();
        for (var round = 0; round <= rounds; round++)
        {
            var ours = await MeasureAsync(async () =>
            {
                for (var i = 0; i < steps; i++)
                    await own.DecodeAsync().ConfigureAwait(false);
            }).ConfigureAwait(false);
            var first = depth + (round * steps);
            var theirs = await MeasureAsync(() =>
            {
                for (var i = 0; i < steps; i++)
                    token = peer.Run([token], first + i);
                return Task.CompletedTask;
            }).ConfigureAwait(false);
            Thread.Sleep(s_rest);
            if (round > 0)
                turns.Add(new Turn(ours, theirs));
        }

        Print("decode", depth, steps, turns, "");
    }

    private static async Task<(double Wall, double Cpu)> MeasureAsync(Func<Task> run)
    {
        var (start, cpu) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        await run().ConfigureAwait(false);
        return (Stopwatch.GetElapsedTime(start).TotalSeconds, (Environment.CpuUsage.TotalTime - cpu).TotalSeconds);
    }

    private static void Print(string kind, int length, int tokens, List<Turn> turns, string equal)
    {
        var ours = tokens / Median(turns.Select(turn => turn.Ours.Wall));
        var theirs = tokens / Median(turns.Select(turn => turn.Theirs.Wall));
        var ratio = Median(turns.Select(turn => turn.Theirs.Wall / turn.Ours.Wall));
        var cpuRatio = Median(turns.Select(turn => turn.Theirs.Cpu / turn.Ours.Cpu));
        var each = string.Join(' ', turns.Select(
            turn => string.Create(CultureInfo.InvariantCulture, $"{tokens / turn.Ours.Wall:F1}/{tokens / turn.Theirs.Wall:F1}")));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {kind} | {length} | {ours:F1} | {theirs:F1} | {ratio:F2} | {cpuRatio:F2} | {equal} | {each} |"));
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted[sorted.Length / 2];
    }

    private sealed record Turn((double Wall, double Cpu) Ours, (double Wall, double Cpu) Theirs);
}
