using AkkaCp.Npu;
using AkkaCp.Npu.Cpu;

namespace AkkaCp.Bench.Kernels;

/// <summary>
/// Time of what lies between the products of Q, K and V and attention, for T tokens of 32 query and 4 key/value heads, D = 128: the fused
/// operators beside the single ones that they stand for; no managed memory per call. Tokens of a prompt take turns over several copies, so
/// that the last-level cache does not hold them.
/// </summary>
internal sealed class NormRopeBench : IDisposable
{
    private const int Heads = 32;
    private const int KvHeads = 4;
    private const int D = 128;
    private const int BlockSize = 128;
    private const float Eps = 1e-6f;
    private const double CachedBytes = 96e6;
    private readonly List<Tensor> _owned = [];
    private readonly CpuDevice _device;
    private readonly Tensor[] _query;
    private readonly Tensor[] _kv;
    private readonly Tensor _rounded;
    private readonly Tensor _gamma;
    private readonly Tensor _cos;
    private readonly Tensor _sin;
    private readonly Tensor _keys;
    private readonly Tensor _values;
    private readonly int[] _slots;

    /// <summary>Prepares t tokens.</summary>
    public NormRopeBench(CpuDevice device, int t)
    {
        _device = device;
        var blocks = (t + BlockSize - 1) / BlockSize;
        var copies = t > 16 ? (int)Math.Ceiling(CachedBytes / (t * 2.0 * KvHeads * D * sizeof(float))) : 1;
        _query = [.. Enumerable.Range(0, copies).Select(_ => Rent(DType.F32, t, Heads, D))];
        _kv = [.. Enumerable.Range(0, copies).Select(_ => Rent(DType.F32, t, 2 * KvHeads * D))];
        _rounded = Rent(DType.BF16, t, 2 * KvHeads * D);
        (_gamma, _cos, _sin) = (Rent(DType.F32, D), Rent(DType.F32, t, D / 2), Rent(DType.F32, t, D / 2));
        (_keys, _values) = (Rent(DType.BF16, blocks, BlockSize, KvHeads, D), Rent(DType.BF16, blocks, BlockSize, KvHeads, D));
        _slots = [.. Enumerable.Range(0, t)];
    }

    /// <summary>Bytes that Q's pass has to read and write.</summary>
    public double QueryBytes => 2.0 * _query[0].View.Count * sizeof(float);

    /// <summary>Bytes that the pass of K and V has to read and write.</summary>
    public double KvBytes => _kv[0].View.Count * (sizeof(float) + 2.0);

    /// <summary>Seconds of the fastest run of each.</summary>
    public (double Query, double QuerySingly, double Kv, double KvSingly) BestSeconds(int runs, Func<double> clock) =>
        (Best(RunQuery, runs, clock), Best(RunQuerySingly, runs, clock), Best(RunKv, runs, clock), Best(RunKvSingly, runs, clock));

    public void Dispose() => _owned.ForEach(tensor => tensor.Dispose());

    private double Best(Action<int> call, int runs, Func<double> clock)
    {
        // Until the runtime has recompiled them, short operators run in unoptimised code.
        for (var warm = CpuClock.WallSeconds; CpuClock.WallSeconds - warm < 0.5;)
            call(0);

        // Short calls are timed together, so that reading the clock does not count. What is normed and rotated again stays finite.
        var repeats = Math.Max(1, 2048 / _slots.Length);
        var best = double.MaxValue;
        for (var run = 0; run < runs; run++)
        {
            var start = clock();
            for (var repeat = 0; repeat < repeats; repeat++)
                call((run + repeat) % _kv.Length);

            best = Math.Min(best, (clock() - start) / repeats);
        }

        return best;
    }

    private void RunQuery(int copy) => _device.QRmsNormRope(_query[copy], _gamma, _cos, _sin, Eps);

    private void RunQuerySingly(int copy)
    {
        _device.RmsNorm(_query[copy], _gamma, Eps, _query[copy]);
        _device.RotaryMul(_query[copy], _cos, _sin);
    }

    private void RunKv(int copy) => _device.KvRmsNormRopeCache(_kv[copy], _gamma, _cos, _sin, _slots, _keys, _values, Eps);

    private void RunKvSingly(int copy)
    {
        const int Width = KvHeads * D;
        var keys = _kv[copy].View.Columns(0, Width).Reshape(_slots.Length, KvHeads, D);
        _device.RmsNorm(keys, _gamma, Eps, keys);
        _device.RotaryMul(keys, _cos, _sin);
        _device.Cast(_kv[copy], _rounded);
        _device.ScatterPaKvCache(_rounded.View.Columns(0, Width).Reshape(_slots.Length, KvHeads, D),
            _rounded.View.Columns(Width, Width).Reshape(_slots.Length, KvHeads, D), _keys, _values, _slots);
    }

    private Tensor Rent(DType dtype, params ReadOnlySpan<int> shape)
    {
        var tensor = _device.Memory.Rent(dtype, shape);
        using var host = tensor.View.MapWrite();
        host.Bytes.Clear();
        if (dtype == DType.F32)
            host.F32.Fill(0.75f);

        _owned.Add(tensor);
        return tensor;
    }
}
