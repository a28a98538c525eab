using AkkaCp.Npu;
using BenchmarkDotNet.Attributes;

namespace AkkaCp.Bench.Micro;

/// <summary>One expert's down projection, 2048 × 768, with the rows that a token, a small batch and a chunk give it. The weights stay in
/// cache here; bench/Kernels takes them from memory.</summary>
public class ProductBenchmarks : OperatorBenchmarks
{
    private const int Inner = 768;
    private Tensor _x;
    private Tensor _y;
    private PackedMatrix _weights = null!;

    /// <summary>Rows.</summary>
    [Params(1, 32, 128)]
    public int T { get; set; }

    /// <summary>Type of the weights.</summary>
    [Params(DType.F32, DType.BF16, DType.I8)]
    public DType Type { get; set; }

    [Benchmark]
    public void MatMul() => Device.MatMul(_x, _weights, null, _y);

    internal override Work WorkOf(string method) => new(2.0 * T * Hidden * Inner, (double)Type.Bytes() * Hidden * Inner);

    protected override void Prepare()
    {
        (_x, _y) = (Filled(DType.F32, T, Inner), Empty(DType.F32, T, Hidden));
        _weights = Weights(Hidden, Inner, Type);
    }
}
