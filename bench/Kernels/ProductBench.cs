using AkkaCp.Npu;
using AkkaCp.Npu.Cpu;

namespace AkkaCp.Bench.Kernels;

/// <summary>Time of one product, best of several runs: other processes only ever make a run slower.</summary>
internal sealed class ProductBench : IDisposable
{
    private readonly CpuDevice _device;
    private readonly PackedMatrix[] _weights;
    private readonly Tensor _x;
    private readonly Tensor _y;

    /// <summary>Prepares y[t, n] = x[t, k]·Wᵀ; several copies of W when one would stay in a cache that a model does not fit.</summary>
    public ProductBench(CpuDevice device, int t, int n, int k, DType dtype, int copies)
    {
        _device = device;
        _x = device.Memory.Rent(DType.F32, t, k);
        _y = device.Memory.Rent(DType.F32, t, n);
        using (var x = _x.View.MapWrite())
            Fill(x.F32);

        var row = new float[k];
        _weights = new PackedMatrix[copies];
        for (var copy = 0; copy < copies; copy++)
        {
            _weights[copy] = device.CreateMatrix(n, k, dtype);
            for (var i = 0; i < n; i++)
            {
                Fill(row);
                _weights[copy].Pack(i, row);
            }
        }
    }

    /// <summary>Bytes of one copy of the weights.</summary>
    public long WeightBytes => _weights[0].Bytes;

    /// <summary>Seconds of the fastest product, by the given clock.</summary>
    public double BestSeconds(int runs, Func<double> clock)
    {
        var best = double.MaxValue;
        for (var run = 0; run < runs; run++)
        {
            var start = clock();
            foreach (var w in _weights)
                _device.MatMul(_x, w, null, _y);

            best = Math.Min(best, (clock() - start) / _weights.Length);
        }

        return best;
    }

    public void Dispose()
    {
        _x.Dispose();
        _y.Dispose();
        foreach (var w in _weights)
            w.Dispose();
    }

    private static void Fill(Span<float> values)
    {
        for (var i = 0; i < values.Length; i++)
            values[i] = ((i * 37 % 101) - 50) / 50f;
    }
}
