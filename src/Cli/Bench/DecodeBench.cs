using System.Diagnostics;
using AkkaCp.Pipeline.Partition;

namespace AkkaCp.Cli.Bench;

/// <summary>
/// Times decode steps at some depths and numbers of streams. Streams of a depth are filled once; then rounds alternate between numbers
/// of streams and layouts, so that what else the machine does meets all alike. The first round warms up; of the others' steps the median
/// is told. Streams grow by the steps measured. What the cores can read is measured before each round too, since it depends on what the
/// machine's neighbours read at that moment; the median of these limits is what a share is of.
/// </summary>
/// <param name="measureLimit">Measures what a number of cores together can read at most now, GB/s.</param>
/// <param name="rounds">Rounds that count.</param>
/// <param name="steps">Steps of a round.</param>
internal sealed class DecodeBench(Func<int, double> measureLimit, int rounds, int steps)
{
    private const int PrefillChunk = 2048;

    private readonly SortedDictionary<int, List<double>> _limits = [];

    /// <summary>The median of the limits measured so far, of as many cores as the layout with most uses.</summary>
    public double LimitGBps => LimitOf(_limits.Keys.Last());

    /// <summary>Tokens that the KV pool must hold, all streams together, and the streams.</summary>
    public (long Tokens, int Streams) Room(IReadOnlyList<int> depths, IReadOnlyList<int> streams)
    {
        long measured = (rounds + 1L) * steps * streams.Count;
        return (streams.Max() * (depths.Max() + measured + 1), streams.Max());
    }

    /// <summary>Measures every depth with every number of streams on every layout.</summary>
    public async Task<IReadOnlyList<DecodeResult>> RunAsync(
        IReadOnlyList<BenchRanks> ranks, IReadOnlyList<int> depths, IReadOnlyList<int> streams, Action<string> progress)
    {
        var results = new List<DecodeResult>();
        foreach (var depth in depths)
        {
            progress($"depth {depth}, filling {streams.Max()} streams");
            var fills = new List<Filling>();
            foreach (var layout in ranks)
                fills.Add(await Filling.CreateAsync(layout, depth, streams.Max()).ConfigureAwait(false));
            var samples = streams.SelectMany(count => fills.Select(fill => new Samples(fill, count))).ToList();
            for (var round = 0; round <= rounds; round++)
            {
                progress(round == 0 ? $"depth {depth}, warming up" : $"depth {depth}, round {round} of {rounds}");
                foreach (var cores in ranks.Select(layout => layout.Layout.Cores).Distinct())
                    MeasureLimit(cores);
                foreach (var sample in samples)
                    await MeasureAsync(sample, counts: round > 0).ConfigureAwait(false);
            }

            results.AddRange(samples.Select(sample => Result(sample, depth)));
            fills.ForEach(fill => fill.Release());
        }

        return results;
    }

    private async Task MeasureAsync(Samples sample, bool counts)
    {
        var ranks = sample.Fill.Ranks;
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        var measured = new List<Step>(steps);
        for (var i = 0; i < steps; i++)
        {
            ranks.Reset();
            var start = Stopwatch.GetTimestamp();
            await sample.Fill.StepAsync(sample.Streams).ConfigureAwait(false);
            measured.Add(Step.Of(ranks, Stopwatch.GetElapsedTime(start).TotalSeconds));
        }

        if (counts)
        {
            sample.Steps.AddRange(measured);
            sample.Allocated.Add((GC.GetTotalAllocatedBytes(precise: true) - allocated) / steps);
        }
    }

    private void MeasureLimit(int cores)
    {
        if (!_limits.TryGetValue(cores, out var measured))
            _limits.Add(cores, measured = []);
        measured.Add(measureLimit(cores));
    }

    private double LimitOf(int cores) => _limits[cores].Order().ElementAt(_limits[cores].Count / 2);

    private DecodeResult Result(Samples sample, int depth)
    {
        var ranks = sample.Fill.Ranks;
        var median = sample.Steps.OrderBy(step => step.Seconds).ElementAt(sample.Steps.Count / 2);
        var work = new UsefulWork(ranks.Model.Config, ranks.Model.StoredBytes);
        var bytes = work.DecodeBytes(sample.Streams, depth, ranks.Model.DType, ranks.Model.KvDType);
        return new DecodeResult
        {
            Depth = depth,
            Streams = sample.Streams,
            Layout = ranks.Layout,
            DType = ranks.Model.DTypeName,
            StepSeconds = median.Seconds,
            OverheadSeconds = sample.Steps.Select(step => step.Outside).Order().ElementAt(sample.Steps.Count / 2),
            StepBytes = bytes,
            ShareOfBandwidth = bytes / median.Seconds / 1e9 / LimitOf(ranks.Layout.Cores),
            ManagedBytesPerStep = sample.Allocated.Min(),
            Stages = [.. ranks.Ranks[0].Clock.Stages.Select((stage, i) => new StageFigure(stage.Name, median.Computed[i] * 1e3, 0))],
        };
    }

    /// <summary>One step in seconds: whole, outside of stages and waits, and each stage; means over ranks.</summary>
    private sealed record Step(double Seconds, double Outside, double[] Computed)
    {
        public static Step Of(BenchRanks ranks, double seconds)
        {
            var stages = ranks.Ranks[0].Clock.Stages.Count;
            var computed = new double[stages];
            var exposed = 0.0;
            foreach (var rank in ranks.Ranks)
            {
                var i = 0;
                foreach (var stage in rank.Clock.Stages)
                {
                    computed[i++] += stage.Computed.TotalSeconds / ranks.Ranks.Count;
                    exposed += stage.Exposed.TotalSeconds / ranks.Ranks.Count;
                }
            }

            return new Step(seconds, Math.Max(0, seconds - exposed - computed.Sum()), computed);
        }
    }

    /// <summary>The streams of one layout.</summary>
    private sealed class Filling(BenchRanks ranks, BenchPlans plans)
    {
        private readonly SortedDictionary<long, int> _last = [];

        public BenchRanks Ranks => ranks;

        public static async Task<Filling> CreateAsync(BenchRanks ranks, int depth, int streams)
        {
            var fill = new Filling(ranks, new BenchPlans(ranks.Layout.Topology.AttnCp, new CpPolicySettings { MinTokens = 1 }));
            await fill.PrefillAsync(depth, streams).ConfigureAwait(false);
            return fill;
        }

        /// <summary>One token of each of the first streams.</summary>
        public async Task StepAsync(int streams)
        {
            var tokens = await ranks.RunAsync(plans.Decode([.. _last.Take(streams)])).ConfigureAwait(false);
            foreach (var (request, token) in tokens)
                _last[request] = token;
        }

        public void Release()
        {
            foreach (var request in _last.Keys)
                plans.Release(request);
        }

        private async Task PrefillAsync(int depth, int streams)
        {
            for (var stream = 0; stream < streams; stream++)
            {
                var (request, steps) = plans.Prefill(ranks.Model.RandomTokens(depth, stream), PrefillChunk);
                foreach (var step in steps)
                {
                    var tokens = await ranks.RunAsync(step).ConfigureAwait(false);
                    if (tokens.TryGetValue(request, out var token))
                        _last[request] = token;
                }
            }
        }
    }

    /// <summary>What was measured of a number of streams on a layout.</summary>
    private sealed class Samples(Filling fill, int streams)
    {
        public Filling Fill => fill;

        public int Streams => streams;

        public List<Step> Steps { get; } = [];

        public List<long> Allocated { get; } = [];
    }
}
