using System.Diagnostics;
using AkkaCp.Bench.Peers.Llama;
using AkkaCp.Cli.Bench;

namespace AkkaCp.Bench.Peers;

/// <summary>
/// Runs both engines on the same weights and tokens in turns (A B A B), and tells medians and the median of the turns' ratios. Before
/// the turns both warm up, and the peer's options are tried; the best stay. Processor time is of all threads of the process, so what
/// another process takes is no part of it.
/// </summary>
internal sealed class Comparison(BenchModel model, OwnEngine own, IPeer peer, int rounds, Action<string> progress)
{
    /// <summary>Options are tried up to this length; longer prompts take what was best there.</summary>
    private const int LongestTrial = 2048;

    /// <summary>Steps of a trial.</summary>
    private const int TrialSteps = 8;

    /// <summary>ggml's threads spin for a while behind a run; the next engine must not share its processors with them.</summary>
    private static readonly TimeSpan s_rest = TimeSpan.FromMilliseconds(300);

    private LlamaOptions? _bestPrefill;

    /// <summary>A prompt of random tokens.</summary>
    public async Task<ComparisonResult> PrefillAsync(int length)
    {
        var warm = model.RandomTokens(Math.Min(length, LongestTrial), 0);
        await own.PrefillAsync(warm).ConfigureAwait(false);
        var tried = new Dictionary<string, double>();
        if (length <= LongestTrial || _bestPrefill is null)
            _bestPrefill = Best(tried, LlamaOptions.All.Prepend(LlamaOptions.All[0]), warm.Length, () => peer.Run(warm, 0));
        var turns = new List<Turn>();
        var same = 0;
        for (var round = 1; round <= rounds; round++)
        {
            progress($"prefill of {length} tokens, turn {round} of {rounds}");
            var prompt = model.RandomTokens(length, round);
            var (ownToken, peerToken) = (0, 0);
            var ours = await MeasureAsync(async () => ownToken = await own.PrefillAsync(prompt).ConfigureAwait(false))
                .ConfigureAwait(false);
            peer.Use(_bestPrefill);
            var theirs = await MeasureAsync(() => Task.FromResult(peerToken = peer.Run(prompt, 0))).ConfigureAwait(false);
            Thread.Sleep(s_rest);
            same += ownToken == peerToken ? 1 : 0;
            turns.Add(new Turn(ours, theirs));
        }

        return Result("prefill", length, length, turns, _bestPrefill, tried) with { SameNextToken = same };
    }

    /// <summary>Decode steps behind a prompt.</summary>
    public async Task<ComparisonResult> DecodeAsync(int depth, int steps)
    {
        progress($"decode behind {depth} tokens");
        var prompt = model.RandomTokens(depth, 0);
        await own.PrefillAsync(prompt).ConfigureAwait(false);
        var (token, tried) = (0, new Dictionary<string, double>());
        var best = Best(tried, LlamaOptions.OfDecode, TrialSteps, Decode, () => token = peer.Run(prompt, 0));
        peer.Use(best);
        token = peer.Run(prompt, 0);
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

        return Result("decode", depth, steps, turns, best, tried);

        void Decode()
        {
            for (var i = 0; i < TrialSteps; i++)
                token = peer.Run([token], depth + i);
        }
    }

    /// <summary>Times each of some options of the peer; one that comes twice warms up first.</summary>
    private LlamaOptions Best(
        Dictionary<string, double> tried, IEnumerable<LlamaOptions> candidates, int tokens, Action run, Action? prepare = null)
    {
        var (best, most) = (LlamaOptions.All[0], 0.0);
        foreach (var options in candidates)
        {
            progress($"trying {options}");
            peer.Use(options);
            prepare?.Invoke();
            var start = Stopwatch.GetTimestamp();
            run();
            var rate = tokens / Stopwatch.GetElapsedTime(start).TotalSeconds;
            tried[options.ToString()] = rate;
            if (rate > most)
                (best, most) = (options, rate);
        }

        return best;
    }

    private static async Task<(double Wall, double Cpu)> MeasureAsync(Func<Task> run)
    {
        var (start, cpu) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        await run().ConfigureAwait(false);
        return (Stopwatch.GetElapsedTime(start).TotalSeconds, (Environment.CpuUsage.TotalTime - cpu).TotalSeconds);
    }

    private static ComparisonResult Result(
        string kind, int length, int tokens, List<Turn> turns, LlamaOptions options, IReadOnlyDictionary<string, double> tried) => new()
        {
            Kind = kind,
            Tokens = length,
            Ours = tokens / Median(turns.Select(turn => turn.Ours.Wall)),
            Theirs = tokens / Median(turns.Select(turn => turn.Theirs.Wall)),
            Ratio = Median(turns.Select(turn => turn.Theirs.Wall / turn.Ours.Wall)),
            RatioByProcessorTime = Median(turns.Select(turn => turn.Theirs.Cpu / turn.Ours.Cpu)),
            PeerOptions = options.ToString(),
            PeerTried = tried,
            Turns = [.. turns.Select(turn => new[] { tokens / turn.Ours.Wall, tokens / turn.Theirs.Wall })],
        };

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted[sorted.Length / 2];
    }

    private sealed record Turn((double Wall, double Cpu) Ours, (double Wall, double Cpu) Theirs);
}
