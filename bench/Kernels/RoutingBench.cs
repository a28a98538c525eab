using AkkaCp.Npu;
using AkkaCp.Npu.Cpu;

namespace AkkaCp.Bench.Kernels;

/// <summary>Time of gating, sorting and combining T tokens of width 2048 over 8 of 128 experts; no managed memory per call.</summary>
internal sealed class RoutingBench : IDisposable
{
    private const int Experts = 128;
    private const int Choices = 8;
    private const int H = 2048;
    private readonly CpuDevice _device;
    private readonly Tensor _logits;
    private readonly Tensor _weights;
    private readonly Tensor _x;
    private readonly Tensor _expanded;
    private readonly int[] _experts;
    private readonly int[] _places;
    private readonly int[] _groups = new int[Experts];

    /// <summary>Prepares t tokens.</summary>
    public RoutingBench(CpuDevice device, int t)
    {
        _device = device;
        _logits = device.Memory.Rent(DType.F32, t, Experts);
        _weights = device.Memory.Rent(DType.F32, t, Choices);
        _x = device.Memory.Rent(DType.F32, t, H);
        _expanded = device.Memory.Rent(DType.F32, t * Choices, H);
        (_experts, _places) = (new int[t * Choices], new int[t * Choices]);
        using var host = _logits.View.MapWrite();
        var logits = host.F32;
        for (var i = 0; i < logits.Length; i++)
            logits[i] = (i * 7919L % 1009) / 200f;

        using var x = _x.View.MapWrite();
        x.F32.Fill(1f);
    }

    /// <summary>Bytes that sorting and combining read and write: each token's row once, each choice's row once.</summary>
    public double MovedBytes => (_x.View.Count + _expanded.View.Count) * (double)sizeof(float);

    /// <summary>Seconds of the fastest run of each operator.</summary>
    public (double Gating, double Init, double Combine) BestSeconds(int runs, Func<double> clock)
    {
        // Until the runtime has recompiled them, short operators run in unoptimised code.
        var warm = CpuClock.WallSeconds;
        while (CpuClock.WallSeconds - warm < 1)
            Measure(10, clock);

        return Measure(runs, clock);
    }

    public void Dispose()
    {
        _logits.Dispose();
        _weights.Dispose();
        _x.Dispose();
        _expanded.Dispose();
    }

    private (double Gating, double Init, double Combine) Measure(int runs, Func<double> clock)
    {
        var (gating, init, combine) = (double.MaxValue, double.MaxValue, double.MaxValue);
        for (var run = 0; run < runs; run++)
        {
            var start = clock();
            _device.MoeGatingTopKSoftmax(_logits, renormalize: true, _weights, _experts);
            var gated = clock();
            _device.MoeInitRouting(_x, _experts, 0, _expanded, _places, _groups);
            var sorted = clock();
            _device.MoeFinalizeRouting(_expanded, _weights, _places, _x);
            gating = Math.Min(gating, gated - start);
            init = Math.Min(init, sorted - gated);
            combine = Math.Min(combine, clock() - sorted);
        }

        return (gating, init, combine);
    }
}
