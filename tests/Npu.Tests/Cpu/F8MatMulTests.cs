using AkkaCp.Npu.Cpu;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Npu.Tests.Cpu;

/// <summary>Products with F8 weights are scaled sums of the variant's own BF16 products, bit for bit, in every kernel variant.</summary>
public sealed class F8MatMulTests
{
    private const int ScaleInputs = 128;

    private static readonly (int N, int K)[] s_shapes = [(1, 1), (33, 128), (64, 257), (97, 511), (31, 640)];

    /// <summary>Every variant of this machine.</summary>
    public static TheoryData<string> Variants() => [.. CpuDevice.AvailableKernels];

    [Theory]
    [MemberData(nameof(Variants))]
    public void EveryRowCountUpTo31_IsTheChainOfBF16Products(string kernels)
    {
        var rng = new Rng(71);
        for (var t = 1; t <= 31; t += 1 + (t % 3))
        {
            using var device = new CpuDevice(new CpuDeviceOptions { Threads = 1 + (t % 3), Kernels = kernels });
            var (n, k) = s_shapes[t % s_shapes.Length];
            var (codes, scales) = Weights(n, k, rng);
            var (x, bias) = (rng.Floats(t * k), t % 2 == 0 ? rng.Floats(n) : null);
            using var matrix = device.CreateMatrix(n, k, DType.F8);
            matrix.PackF8(0, codes, scales);
            using var input = new FencedTensor(device.Memory, DType.F32, [t, k], gap: t % 3).Write(x);
            using var output = new FencedTensor(device.Memory, DType.F32, [t, n], gap: t % 2);
            using var start = new FencedTensor(device.Memory, DType.F32, [n]).Write(bias ?? new float[n]);
            device.MatMul(input, matrix, bias is null ? null : start.View, output);
            output.AssertFence();
            Assert.Equal(Chain(device.KernelChoice.Numerics, x, codes, scales, bias, t, n, k), output.Read());
        }
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void ManyRowsOfScatteredTokens_AreTheSameRowsOneByOne(string kernels)
    {
        var (tokens, rows, f, k) = (70, 400, 300, 384);
        using var device = new CpuDevice(new CpuDeviceOptions { Threads = 2, Kernels = kernels });
        var rng = new Rng(72);
        var (codes, scales) = Weights(2 * f, k, rng);
        using var matrix = device.CreateGatedMatrix(f, k, DType.F8);
        matrix.PackF8(7, codes.AsSpan(7 * k), scales.AsSpan(7 * 3));
        matrix.PackF8(0, codes.AsSpan(0, 7 * k), scales.AsSpan(0, 7 * 3));
        int[] index = [.. Enumerable.Range(0, rows).Select(i => i * 31 % tokens)];
        using var input = new FencedTensor(device.Memory, DType.F32, [tokens, k]).Write(rng.Floats(tokens * k));
        using var y = new FencedTensor(device.Memory, DType.F32, [rows, f]);
        device.GroupedMatMulSwiglu(input, index, [matrix], [rows], y);
        y.AssertFence();
        using var one = new FencedTensor(device.Memory, DType.F32, [1, f]);
        var all = y.Read();
        foreach (var row in new[] { 0, 1, 126, 250, 399 })
        {
            device.MatMulSwiglu(input.View.Slice(index[row], 1), matrix, one);
            Assert.Equal(one.Read(), all[(row * f)..((row + 1) * f)]);
        }
    }

    [Fact]
    public void WhatDoesNotFit_IsRefused()
    {
        using var device = new CpuDevice(new CpuDeviceOptions { Threads = 1 });
        using var matrix = device.CreateMatrix(4, 200, DType.F8);
        Assert.Contains("4 values", Message(() => matrix.PackF8(0, new byte[400], new float[3])), StringComparison.Ordinal);
        Assert.Contains("floats are packed as", Message(() => matrix.Pack(0, new float[200])), StringComparison.Ordinal);
        using var other = device.CreateMatrix(4, 200, DType.BF16);
        Assert.Contains("type F8", Message(() => other.PackF8(0, new byte[200], new float[2])), StringComparison.Ordinal);

        static string Message(Action action) => Assert.Throws<NpuShapeException>(action).Message;
    }

    private static float[] Chain(string numerics, float[] x, byte[] codes, float[] scales, float[]? bias, int t, int n, int k)
    {
        var y = new float[t * n];
        for (var i = 0; i < y.Length; i++)
            y[i] = bias is null ? 0 : bias[i % n];

        for (var at = 0; at < k; at += ScaleInputs)
        {
            var count = Math.Min(ScaleInputs, k - at);
            float[] part = [.. Enumerable.Range(0, t).SelectMany(row => x[((row * k) + at)..((row * k) + at + count)])];
            float[] w = [.. Enumerable.Range(0, n * count).Select(i => ValueOf(codes[(i / count * k) + at + (i % count)]))];
            var sums = ProductChain.Compute(numerics, DType.BF16, part, w, null, t, n, count);
            for (var i = 0; i < y.Length; i++)
                y[i] = MathF.FusedMultiplyAdd(sums[i], scales[(i % n * (((k - 1) / ScaleInputs) + 1)) + (at / ScaleInputs)], y[i]);
        }

        return y;
    }

    // All codes but NaN.
    private static (byte[] Codes, float[] Scales) Weights(int n, int k, Rng rng) => (
        [.. rng.Floats(n * k).Select((value, i) => (byte)((i + (int)(value * 300)) % 127 | (value < 0 ? 0x80 : 0)))],
        [.. rng.Floats(n * (((k - 1) / ScaleInputs) + 1)).Select(value => value / 32)]);

    private static float ValueOf(byte code)
    {
        var (exponent, fraction) = ((code >> 3) & 15, code & 7);
        var magnitude = exponent == 0 ? fraction / 8f * MathF.Pow(2, -6) : (1 + (fraction / 8f)) * MathF.Pow(2, exponent - 7);
        return code >= 0x80 ? -magnitude : magnitude;
    }
}
