using AkkaCp.Npu.Cpu;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Npu.Tests.Cpu;

/// <summary>Products have, in every element, exactly the bits of one chain of fused multiply-adds with k rising.</summary>
public sealed class MatMulTests : IDisposable
{
    private static readonly int[] s_sizes = [1, 2, 3, 12, 16, 31, 32, 33, 48, 63, 65, 127, 129, 160];
    private readonly CpuDevice[] _devices = [.. Enumerable.Range(1, 3).Select(n => new CpuDevice(new CpuDeviceOptions { Threads = n }))];

    public void Dispose()
    {
        foreach (var device in _devices)
        {
            Assert.Equal(0, device.Memory.LiveTensors);
            Assert.Equal(0, device.WeightBytes);
            device.Dispose();
        }
    }

    [Theory]
    [InlineData(DType.F32)]
    [InlineData(DType.BF16)]
    public void EveryRowCountUpTo33_HasTheBitsOfTheChain(DType dtype)
    {
        var rng = new Rng(1);
        for (var t = 1; t <= 33; t++)
        {
            var device = _devices[t % 3];
            AssertChain(device, dtype, t, s_sizes[rng.Next(s_sizes.Length)], s_sizes[rng.Next(s_sizes.Length)], rng, bias: t % 2 == 0);
        }
    }

    [Theory]
    [InlineData(DType.F32)]
    [InlineData(DType.BF16)]
    public void EveryWidthUpTo257_HasTheBitsOfTheChain(DType dtype)
    {
        var rng = new Rng(2);
        for (var n = 1; n <= 257; n++)
        {
            AssertChain(_devices[n % 3], dtype, 1 + (n % 2 * 4), n, 17, rng, bias: n % 3 == 0);
        }
    }

    [Theory]
    [InlineData(DType.F32)]
    [InlineData(DType.BF16)]
    public void EveryLengthOfTheSumUpTo257_HasTheBitsOfTheChain(DType dtype)
    {
        var rng = new Rng(3);
        for (var k = 1; k <= 257; k++)
        {
            AssertChain(_devices[k % 3], dtype, 1 + (k % 2 * 12), 33, k, rng, bias: false);
        }
    }

    [Theory]
    [InlineData(DType.F32, 200, 48, 800)]
    [InlineData(DType.BF16, 301, 33, 1601)]
    [InlineData(DType.F32, 5, 33, 9300)]
    [InlineData(DType.BF16, 1, 161, 1100)]
    public void SumsLongerThanABlock_HaveTheBitsOfTheChain(DType dtype, int t, int n, int k)
    {
        foreach (var device in _devices)
        {
            AssertChain(device, dtype, t, n, k, new Rng(4), bias: true);
        }
    }

    private static void AssertChain(CpuDevice device, DType dtype, int t, int n, int k, Rng rng, bool bias)
    {
        var (x, w, b) = (rng.Floats(t * k), rng.Floats(n * k), rng.Floats(n));
        using var matrix = device.CreateMatrix(n, k, dtype);
        matrix.Pack(0, w);
        using var input = new FencedTensor(device.Memory, DType.F32, [t, k], gap: rng.Next(3)).Write(x);
        using var output = new FencedTensor(device.Memory, DType.F32, [t, n], gap: rng.Next(3));
        using var start = new FencedTensor(device.Memory, DType.F32, [n]).Write(b);
        device.MatMul(input, matrix, bias ? start.View : null, output);
        output.AssertFence();
        Assert.Equal(Chain(x, dtype == DType.BF16 ? [.. w.Select(Reference.RoundToBF16)] : w, bias ? b : null, t, n, k), output.Read());
    }

    private static float[] Chain(float[] x, float[] w, float[]? bias, int t, int n, int k)
    {
        var y = new float[t * n];
        for (var i = 0; i < y.Length; i++)
        {
            var sum = bias?[i % n] ?? 0f;
            for (var j = 0; j < k; j++)
            {
                sum = MathF.FusedMultiplyAdd(x[(i / n * k) + j], w[(i % n * k) + j], sum);
            }

            y[i] = sum;
        }

        return y;
    }
}
