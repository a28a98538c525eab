using AkkaCp.Npu;
using AkkaCp.Npu.Cpu;

namespace AkkaCp.Bench.Kernels;

/// <summary>Time of one paged causal attention call of 32 heads over 4 key/value heads, D = 128; no managed memory per call. The last-level
/// cache does not hold the keys and values: short calls take turns over several copies.</summary>
internal sealed class AttentionBench : IDisposable
{
    private const int Heads = 32;
    private const int KvHeads = 4;
    private const int D = 128;
    private const int BlockSize = 128;
    private const double CachedBytes = 96e6;
    private readonly CpuDevice _device;
    private readonly Tensor _query;
    private readonly Tensor _key;
    private readonly Tensor _value;
    private readonly Tensor _output;
    private readonly FiaArguments[] _calls;
    private readonly int _rows;
    private readonly int _keys;

    /// <summary>Prepares <paramref name="rows"/> query rows behind <paramref name="prefix"/> cached keys.</summary>
    public AttentionBench(CpuDevice device, int rows, int prefix, DType cache)
    {
        _device = device;
        (_rows, _keys) = (rows, prefix + rows);
        var blocks = (_keys + BlockSize - 1) / BlockSize;
        var copies = rows > 16 ? 1 : (int)Math.Ceiling(CachedBytes / (2.0 * _keys * KvHeads * D * cache.Bytes()));
        _query = Filled(DType.F32, rows, Heads, D);
        _key = Filled(cache, blocks * copies, BlockSize, KvHeads, D);
        _value = Filled(cache, blocks * copies, BlockSize, KvHeads, D);
        _output = device.Memory.Rent(DType.F32, rows, Heads, D);
        _calls = [.. Enumerable.Range(0, copies).Select(copy => Call(copy, blocks))];
    }

    /// <summary>Multiplications and additions of both products over visible keys only.</summary>
    public double Flops => 4.0 * Heads * D * (((double)_rows * (_keys - _rows)) + (_rows * (_rows + 1.0) / 2));

    /// <summary>Bytes of keys and values.</summary>
    public double CacheBytes => 2.0 * _keys * KvHeads * D * _key.View.DType.Bytes();

    /// <summary>Seconds of the fastest call.</summary>
    public double BestSeconds(int runs, Func<double> clock)
    {
        // Until the runtime has recompiled it, what is around the kernels runs in unoptimised code.
        for (var warm = CpuClock.WallSeconds; CpuClock.WallSeconds - warm < 1;)
            _device.FusedInferAttentionScore(_calls[0]);

        // Short calls are timed together, so that reading the clock does not count.
        var repeats = Math.Max(_calls.Length, (int)Math.Clamp(1e9 / Flops, 1, 50));
        var best = double.MaxValue;
        for (var run = 0; run < runs; run++)
        {
            var start = clock();
            for (var repeat = 0; repeat < repeats; repeat++)
                _device.FusedInferAttentionScore(_calls[repeat % _calls.Length]);

            best = Math.Min(best, (clock() - start) / repeats);
        }

        return best;
    }

    public void Dispose()
    {
        _query.Dispose();
        _key.Dispose();
        _value.Dispose();
        _output.Dispose();
    }

    private Tensor Filled(DType dtype, params ReadOnlySpan<int> shape)
    {
        var tensor = _device.Memory.Rent(dtype, shape);
        using var wide = _device.Memory.Rent(DType.F32, shape);
        using (var host = wide.View.MapWrite())
        {
            var values = host.F32;
            for (var i = 0; i < values.Length; i++)
                values[i] = ((i * 37L % 101) - 50) / 100f;
        }

        _device.Cast(wide, tensor);
        return tensor;
    }

    private FiaArguments Call(int copy, int blocks) => new()
    {
        Query = _query,
        Key = _key,
        Value = _value,
        Output = _output,
        NumHeads = Heads,
        NumKeyValueHeads = KvHeads,
        Scale = 1f / MathF.Sqrt(D),
        SparseMode = 3,
        AttenMask = FiaMask.Compressed,
        ActualSeqLengths = [_rows],
        ActualSeqLengthsKv = [_keys],
        BlockTable = [.. Enumerable.Range(0, blocks).Select(block => (blocks * (copy + 1)) - 1 - block)],
        BlockTableRows = 1,
        BlockSize = BlockSize,
    };
}
