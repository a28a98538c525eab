using AkkaCp.Npu;
using AkkaCp.Npu.Cpu;

namespace AkkaCp.Bench.Kernels;

/// <summary>Measures operators on one device beside the machine's limits, all in this process.</summary>
/// <param name="threads">Of the device. With one, the clock is that thread's processor time; with more it is wall time.</param>
/// <param name="runs">The best of so many.</param>
internal sealed class KernelMeasurement(int threads, int runs) : IDisposable
{
    private static readonly (int T, int N, int K, int Copies)[] s_products =
    [
        (2048, 2048, 2048, 1), (512, 768, 2048, 1), (32, 2048, 768, 40), (32, 1536, 2048, 20), (14, 2048, 768, 40), (8, 2048, 768, 40),
        (4, 2048, 2048, 16), (1, 2048, 2048, 16),
    ];

    private static readonly (int Rows, int Prefix)[] s_attention = [(2048, 0), (4096, 0), (512, 0), (512, 3584), (1, 4095), (1, 16383)];

    private readonly CpuDevice _device = new(new CpuDeviceOptions { Threads = threads });
    private readonly Func<double> _clock = threads == 1 ? () => CpuClock.Seconds : () => CpuClock.WallSeconds;
    private readonly double _fma = MachineLimits.FmaGflops(runs);
    private readonly double _bf16 = MachineLimits.ProductGflops(DType.BF16, runs);
    private readonly double _i8 = MachineLimits.ProductGflops(DType.I8, runs);
    private readonly double _read = MachineLimits.ReadGBps(runs);
    private readonly double _readTogether = MachineLimits.ReadGBps(runs, threads);

    /// <summary>The parts asked for.</summary>
    public KernelFigures Run(bool products, bool attention, bool normRope, bool routing, bool experts) => new()
    {
        Kernels = _device.KernelChoice.Name,
        Threads = threads,
        FmaGflops = _fma,
        BF16Gflops = _bf16,
        I8Gops = _i8,
        ReadGBps = _read,
        ReadTogetherGBps = _readTogether,
        Products = products ? [.. Products()] : [],
        Attention = attention ? [.. Attention()] : [],
        NormRope = normRope ? [.. NormRope()] : [],
        Routing = routing ? [.. Routing()] : [],
        Experts = experts ? [.. Experts()] : [],
    };

    public void Dispose() => _device.Dispose();

    private IEnumerable<ProductFigure> Products()
    {
        foreach (var (t, n, k, copies) in s_products)
        {
            foreach (var dtype in new[] { DType.F32, DType.BF16, DType.I8 })
            {
                // Bytes take half of BF16's room: twice the copies keep them out of the caches too.
                using var bench = new ProductBench(_device, t, n, k, dtype, dtype == DType.I8 ? 2 * copies : copies);
                var seconds = bench.BestSeconds(runs, _clock);
                var (gflops, gbps) = (2.0 * t * n * k / seconds / 1e9, bench.WeightBytes / seconds / 1e9);
                var limit = (dtype switch { DType.BF16 => _bf16, DType.I8 => _i8, _ => _fma }) * threads;
                yield return new(t, n, k, dtype.ToString(), gflops, gflops / limit, gbps, gbps / _readTogether);
            }
        }
    }

    private IEnumerable<AttentionFigure> Attention()
    {
        foreach (var (rows, prefix) in s_attention)
        {
            foreach (var dtype in new[] { DType.F32, DType.BF16 })
            {
                using var bench = new AttentionBench(_device, rows, prefix, dtype);
                var seconds = bench.BestSeconds(runs, _clock);
                var (gflops, gbps) = (bench.Flops / seconds / 1e9, bench.CacheBytes / seconds / 1e9);
                yield return new(
                    rows, prefix, dtype.ToString(), seconds * 1e3, gflops, gflops / (_fma * threads), gflops / (_bf16 * threads), gbps,
                    gbps / _readTogether);
            }
        }
    }

    private IEnumerable<NormRopeFigure> NormRope()
    {
        foreach (var t in new[] { 1, 16, 2048 })
        {
            using var bench = new NormRopeBench(_device, t);
            var (query, querySingly, kv, kvSingly) = bench.BestSeconds(runs * 10, _clock);
            yield return new(
                t, query * 1e6, querySingly * 1e6, bench.QueryBytes / query / 1e9, kv * 1e6, kvSingly * 1e6, bench.KvBytes / kv / 1e9);
        }
    }

    private IEnumerable<RoutingFigure> Routing()
    {
        foreach (var t in new[] { 1, 512 })
        {
            using var bench = new RoutingBench(_device, t);
            var (gating, init, combine) = bench.BestSeconds(runs * 10, _clock);
            yield return new(t, gating * 1e6, init * 1e6, bench.MovedBytes / init / 1e9, combine * 1e6, bench.MovedBytes / combine / 1e9);
        }
    }

    private IEnumerable<ExpertsFigure> Experts()
    {
        foreach (var dtype in new[] { DType.BF16, DType.I8 })
        {
            foreach (var t in new[] { 512, 2048 })
            {
                using var bench = new ExpertsBench(_device, t, dtype);
                var (sort, gateUp, down, combine) = bench.BestSeconds(runs, _clock);
                var limit = (dtype == DType.I8 ? _i8 : _bf16) * threads * 1e9;
                var all = (bench.GateUpFlops + bench.DownFlops) / (sort + gateUp + down + combine) / limit;
                yield return new(
                    t, dtype.ToString(), sort * 1e3, gateUp * 1e3, bench.GateUpFlops / gateUp / limit, down * 1e3,
                    bench.DownFlops / down / limit, combine * 1e3, all);
            }
        }
    }
}
