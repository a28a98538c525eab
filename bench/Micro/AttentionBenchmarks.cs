using AkkaCp.Npu;
using BenchmarkDotNet.Attributes;

namespace AkkaCp.Bench.Micro;

/// <summary>Fused attention over a paged BF16 cache, and the scatter that fills it.</summary>
public class AttentionBenchmarks : OperatorBenchmarks
{
    private const int BlockSize = 128;
    private Tensor _query;
    private Tensor _newKv;
    private Tensor _key;
    private Tensor _value;
    private Tensor _output;
    private int[] _slots = [];
    private FiaArguments _call;

    /// <summary>Query rows.</summary>
    [Params(1, 512)]
    public int T { get; set; }

    /// <summary>Keys before them.</summary>
    [Params(0, 3584)]
    public int Prefix { get; set; }

    private int Keys => Prefix + T;

    [Benchmark(Baseline = true)]
    public void FusedInferAttentionScore() => Device.FusedInferAttentionScore(_call);

    [Benchmark]
    public void ScatterPaKvCache() => Device.ScatterPaKvCache(_newKv, _newKv, _key, _value, _slots);

    internal override Work WorkOf(string method) => method == nameof(ScatterPaKvCache)
        ? new(0, 2.0 * T * KvHeads * HeadDim * (4 + 2))
        : new(4.0 * Heads * HeadDim * (((double)T * Prefix) + (T * (T + 1.0) / 2)), 2.0 * Keys * KvHeads * HeadDim * 2);

    protected override void Prepare()
    {
        var blocks = (Keys + BlockSize - 1) / BlockSize;
        (_query, _output) = (Filled(DType.F32, T, Heads, HeadDim), Empty(DType.F32, T, Heads, HeadDim));
        _newKv = Filled(DType.F32, T, KvHeads, HeadDim);
        (_key, _value) = (Filled(DType.BF16, blocks, BlockSize, KvHeads, HeadDim), Filled(DType.BF16, blocks, BlockSize, KvHeads, HeadDim));
        _slots = [.. Enumerable.Range(Prefix, T)];
        _call = new()
        {
            Query = _query,
            Key = _key,
            Value = _value,
            Output = _output,
            NumHeads = Heads,
            NumKeyValueHeads = KvHeads,
            Scale = 1f / MathF.Sqrt(HeadDim),
            SparseMode = 3,
            AttenMask = FiaMask.Compressed,
            ActualSeqLengths = [T],
            ActualSeqLengthsKv = [Keys],
            BlockTable = [.. Enumerable.Range(0, blocks)],
            BlockTableRows = 1,
            BlockSize = BlockSize,
        };
    }
}
