using AkkaCp.Npu;
using BenchmarkDotNet.Attributes;

namespace AkkaCp.Bench.Micro;

/// <summary>Operators that pass over rows: norms, rotation, SwiGLU, cast, residual; bound by memory when there are many rows.</summary>
public class RowBenchmarks : OperatorBenchmarks
{
    private const int Inner = 768;
    private const float Epsilon = 1e-6f;
    private Tensor _x;
    private Tensor _residual;
    private Tensor _y;
    private Tensor _gamma;
    private Tensor _heads;
    private Tensor _cos;
    private Tensor _sin;
    private Tensor _gateUp;
    private Tensor _inner;
    private Tensor _narrow;

    /// <summary>Tokens.</summary>
    [Params(1, 512)]
    public int T { get; set; }

    [Benchmark(Baseline = true)]
    public void Add() => Device.Add(_x, _residual, _y);

    [Benchmark]
    public void RmsNorm() => Device.RmsNorm(_x, _gamma, Epsilon, _y);

    [Benchmark]
    public void AddRmsNorm() => Device.AddRmsNorm(_x, _residual, _gamma, Epsilon, _y, _x);

    [Benchmark]
    public void RotaryMul() => Device.RotaryMul(_heads, _cos, _sin);

    [Benchmark]
    public void Swiglu() => Device.Swiglu(_gateUp, _inner);

    [Benchmark]
    public void Cast() => Device.Cast(_x, _narrow);

    internal override Work WorkOf(string method) => new(0, T * (method switch
    {
        nameof(Add) => 3.0 * 4 * Hidden,
        nameof(RmsNorm) => 2.0 * 4 * Hidden,
        nameof(AddRmsNorm) => 4.0 * 4 * Hidden,
        nameof(RotaryMul) => (2.0 * 4 * Heads * HeadDim) + (4 * HeadDim),
        nameof(Swiglu) => 3.0 * 4 * Inner,
        _ => 6.0 * Hidden,
    }));

    protected override void Prepare()
    {
        (_x, _residual, _y) = (Filled(DType.F32, T, Hidden), Filled(DType.F32, T, Hidden), Empty(DType.F32, T, Hidden));
        _gamma = Filled(DType.F32, Hidden);

        // Adding the same residual again and again must not grow without bound.
        Fill(_residual, _ => 0);
        _heads = Filled(DType.F32, T, Heads, HeadDim);
        (_cos, _sin) = (Filled(DType.F32, T, HeadDim / 2), Filled(DType.F32, T, HeadDim / 2));
        Fill(_cos, _ => 0.6f);
        Fill(_sin, _ => 0.8f);
        (_gateUp, _inner) = (Filled(DType.F32, T, 2 * Inner), Empty(DType.F32, T, Inner));
        _narrow = Empty(DType.BF16, T, Hidden);
    }
}
