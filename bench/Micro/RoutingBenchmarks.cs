using AkkaCp.Npu;
using BenchmarkDotNet.Attributes;

namespace AkkaCp.Bench.Micro;

/// <summary>What surrounds the experts: softmax and choice of 8 of 128, sorting rows by expert, adding them up again.</summary>
public class RoutingBenchmarks : OperatorBenchmarks
{
    private const int Experts = 128;
    private const int Choices = 8;
    private readonly int[] _groups = new int[Experts];
    private int[] _experts = [];
    private int[] _places = [];
    private Tensor _logits;
    private Tensor _weights;
    private Tensor _x;
    private Tensor _expanded;

    /// <summary>Tokens.</summary>
    [Params(1, 512)]
    public int T { get; set; }

    [Benchmark(Baseline = true)]
    public void GatingTopKSoftmax() => Device.MoeGatingTopKSoftmax(_logits, renormalize: true, _weights, _experts);

    [Benchmark]
    public void InitRouting() => Device.MoeInitRouting(_x, _experts, 0, _expanded, _places, _groups);

    [Benchmark]
    public void FinalizeRouting() => Device.MoeFinalizeRouting(_expanded, _weights, _places, _x);

    internal override Work WorkOf(string method) => new(
        0, method == nameof(GatingTopKSoftmax) ? 4.0 * T * Experts : 4.0 * T * Hidden * (Choices + 1));

    protected override void Prepare()
    {
        (_experts, _places) = (new int[T * Choices], new int[T * Choices]);
        (_logits, _weights) = (Filled(DType.F32, T, Experts), Empty(DType.F32, T, Choices));
        (_x, _expanded) = (Filled(DType.F32, T, Hidden), Empty(DType.F32, T * Choices, Hidden));
        Fill(_logits, i => (i * 7919L % 1009) / 200f);
        GatingTopKSoftmax();
        InitRouting();
    }
}
