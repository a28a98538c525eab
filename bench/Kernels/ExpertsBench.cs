using AkkaCp.Npu;
using AkkaCp.Npu.Cpu;

namespace AkkaCp.Bench.Kernels;

/// <summary>
/// Time of one sparse layer's operators at Qwen3-30B-A3B's dimensions (H 2048, F 768, 8 of 128 experts, routing by a fixed random order),
/// each beside what it computes; weights lie in memory, as no cache holds 128 experts. No managed memory per call.
/// </summary>
internal sealed class ExpertsBench : IDisposable
{
    private const int Experts = 128;
    private const int Choices = 8;
    private const int H = 2048;
    private const int F = 768;
    private readonly CpuDevice _device;
    private readonly PackedMatrix[] _gateUp = new PackedMatrix[Experts];
    private readonly PackedMatrix[] _down = new PackedMatrix[Experts];
    private readonly Tensor _x;
    private readonly Tensor _weights;
    private readonly Tensor _activated;
    private readonly Tensor _expandedY;
    private readonly int[] _experts;
    private readonly int[] _sourceRows;
    private readonly int[] _places;
    private readonly int[] _groups = new int[Experts];

    /// <summary>Prepares t tokens.</summary>
    public ExpertsBench(CpuDevice device, int t, DType dtype)
    {
        _device = device;
        _x = device.Memory.Rent(DType.F32, t, H);
        _weights = device.Memory.Rent(DType.F32, t, Choices);
        _activated = device.Memory.Rent(DType.F32, t * Choices, F);
        _expandedY = device.Memory.Rent(DType.F32, t * Choices, H);
        using (var x = _x.View.MapWrite())
            x.F32.Fill(0.5f);

        using (var weights = _weights.View.MapWrite())
            weights.F32.Fill(0.125f);

        _experts = Route(t);
        (_sourceRows, _places) = (new int[t * Choices], new int[t * Choices]);
        var rows = new float[2 * F * H];
        Array.Fill(rows, 0.01f);
        for (var e = 0; e < Experts; e++)
        {
            _gateUp[e] = device.CreateGatedMatrix(F, H, dtype);
            _gateUp[e].Pack(0, rows);
            _down[e] = device.CreateMatrix(H, F, dtype);
            _down[e].Pack(0, rows.AsSpan(0, F * H));
        }
    }

    /// <summary>Operations of gate and up together.</summary>
    public double GateUpFlops => 4.0 * _experts.Length * H * F;

    /// <summary>Operations of down.</summary>
    public double DownFlops => 2.0 * _experts.Length * H * F;

    /// <summary>Seconds of the fastest run of sorting, gate‖up with SwiGLU, down, and combining.</summary>
    public (double Sort, double GateUp, double Down, double Combine) BestSeconds(int runs, Func<double> clock)
    {
        // Until the runtime has recompiled them, the loops around the tiles run in unoptimised code.
        var warm = CpuClock.WallSeconds;
        while (CpuClock.WallSeconds - warm < 1)
            Measure(1, clock);

        return Measure(runs, clock);
    }

    public void Dispose()
    {
        foreach (var matrix in (PackedMatrix[])[.. _gateUp, .. _down])
            matrix.Dispose();

        foreach (var tensor in (Tensor[])[_x, _weights, _activated, _expandedY])
            tensor.Dispose();
    }

    private (double Sort, double GateUp, double Down, double Combine) Measure(int runs, Func<double> clock)
    {
        var best = (Sort: double.MaxValue, GateUp: double.MaxValue, Down: double.MaxValue, Combine: double.MaxValue);
        for (var run = 0; run < runs; run++)
        {
            var start = clock();
            _device.MoeInitRouting(_experts, Choices, 0, _sourceRows, _places, _groups);
            var sorted = clock();
            _device.GroupedMatMulSwiglu(_x, _sourceRows, _gateUp, _groups, _activated);
            var gated = clock();
            _device.GroupedMatMul(_activated, _down, _groups, _expandedY);
            var down = clock();
            _device.MoeFinalizeRouting(_expandedY, _weights, _places, _x);
            var combined = clock();
            best = (Math.Min(best.Sort, sorted - start), Math.Min(best.GateUp, gated - sorted), Math.Min(best.Down, down - gated),
                Math.Min(best.Combine, combined - down));
        }

        return best;
    }

    // Eight different experts for each token, in no order.
    private static int[] Route(int t)
    {
        var rng = new Random(5);
        var experts = new int[t * Choices];
        for (var i = 0; i < experts.Length; i++)
        {
            do
            {
                experts[i] = rng.Next(Experts);
            }
            while (experts.AsSpan(i / Choices * Choices, i % Choices).Contains(experts[i]));
        }

        return experts;
    }
}
