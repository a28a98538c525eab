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
            if (GroupFormat.Of(dtype) is { } format)
            {
                PackGroups(_weights[copy], format);
                continue;
            }

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

    // Any bytes are codes, and any small enough are scales.
    private static void PackGroups(PackedMatrix weights, GroupFormat format)
    {
        int blocks = weights.K / format.BlockInputs, groups = format.GroupInputs == 0 ? 0 : weights.K / format.GroupInputs;
        var codes = new byte[weights.K];
        for (var i = 0; i < codes.Length; i++)
            codes[i] = (byte)(i * 37 & ((1 << format.CodeBits) - 1));

        var halves = new ushort[blocks];
        Array.Fill(halves, (ushort)0x2000);
        byte[] zeros = new byte[format.HasZeros ? blocks : 0], scales = new byte[groups], mins = new byte[format.HasMins ? groups : 0];
        Array.Fill(scales, (byte)33);
        Array.Fill(mins, (byte)7);
        var row = new GroupRows
        {
            Codes = codes,
            Scales = halves,
            Mins = format.HasMins ? halves : [],
            Zeros = zeros,
            GroupScales = scales,
            GroupMins = mins,
        };
        for (var i = 0; i < weights.N; i++)
            weights.PackGroups(i, row);
    }

    private static void Fill(Span<float> values)
    {
        for (var i = 0; i < values.Length; i++)
            values[i] = ((i * 37 % 101) - 50) / 50f;
    }
}
