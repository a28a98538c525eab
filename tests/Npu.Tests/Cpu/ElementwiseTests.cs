using AkkaCp.Npu.Cpu;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Npu.Tests.Cpu;

/// <summary>Norms, rotary, SwiGLU, add and cast against the double reference, for every small length, inside fences.</summary>
public sealed class ElementwiseTests : IDisposable
{
    private const int Longest = 257;
    private readonly CpuDevice _device = new(new CpuDeviceOptions { Threads = 2 });
    private readonly Rng _rng = new(21);

    public void Dispose()
    {
        Assert.Equal(0, _device.Memory.LiveTensors);
        _device.Dispose();
    }

    [Fact]
    public void RmsNorm_OfEveryLength_IsTheFormula()
    {
        for (var c = 1; c <= Longest; c++)
        {
            var (x, gamma) = (_rng.Floats(3 * 2 * c, 3f), _rng.Floats(c));
            using var input = Fenced([3, 2, c], x, gap: c % 3);
            using var weight = Fenced([c], gamma);
            using var output = Fenced([3, 2, c], null, gap: c % 2);
            _device.RmsNorm(input, weight, 1e-6f, output);
            AssertClose(Reference.RmsNorm(x, gamma, 1e-6f), output, Tolerances.RmsNorm);
            _device.RmsNorm(input, weight, 1e-6f, input);
            Assert.Equal(output.Read(), input.Read());
        }
    }

    [Fact]
    public void RmsNorm_OfEveryLength_SumsInThirtyTwoChainsAddedInHalves()
    {
        for (var c = 1; c <= Longest; c++)
        {
            var x = _rng.Floats(c, 3f);
            var sums = new float[32];
            for (var i = 0; i < c; i++)
                sums[i % 32] = MathF.FusedMultiplyAdd(x[i], x[i], sums[i % 32]);

            for (var half = 16; half > 0; half /= 2)
            {
                for (var j = 0; j < half; j++)
                    sums[j] += sums[j + half];
            }

            var scale = 1f / MathF.Sqrt((sums[0] / c) + 1e-6f);
            using var tensor = Fenced([1, c], x);
            using var ones = Fenced([c], [.. Enumerable.Repeat(1f, c)]);
            _device.RmsNorm(tensor, ones, 1e-6f, tensor);
            Assert.Equal(x.Select(value => value * scale), tensor.Read());
        }
    }

    [Fact]
    public void RmsNorm_OfZeroAndHugeRows_StaysFinite()
    {
        using var weight = Fenced([4], [1f, 1f, 1f, 1f]);
        using var input = Fenced([2, 4], [0f, 0f, 0f, 0f, 1e18f, -1e18f, 1e18f, 1e18f]);
        _device.RmsNorm(input, weight, 1e-6f, input);
        Assert.Equal([0f, 0f, 0f, 0f], input.Read()[..4]);
        Assert.All(input.Read()[4..], value => Assert.Equal(1f, MathF.Abs(value), 1e-6f));
    }

    [Fact]
    public void AddRmsNorm_OfEveryLength_IsAddThenRmsNorm()
    {
        for (var c = 1; c <= Longest; c++)
        {
            using var x1 = Fenced([3, c], _rng.Floats(3 * c), gap: c % 3);
            using var x2 = Fenced([3, c], _rng.Floats(3 * c));
            using var gamma = Fenced([c], _rng.Floats(c));
            using var sum = Fenced([3, c], null);
            using var expected = Fenced([3, c], null);
            using var y = Fenced([3, c], null, gap: c % 2);
            _device.Add(x1, x2, sum);
            Assert.Equal(x1.Read().Zip(x2.Read(), (a, b) => a + b), sum.Read());
            _device.RmsNorm(sum, gamma, 1e-5f, expected);
            _device.AddRmsNorm(x1, x2, gamma, 1e-5f, y, x1);
            Assert.Equal(sum.Read(), x1.Read());
            Assert.Equal(expected.Read(), y.Read());
            _device.Add(x1, x2, sum);
            _device.RmsNorm(sum, gamma, 1e-5f, expected);
            _device.AddRmsNorm(x1, x2, gamma, 1e-5f, x2, x1);
            Assert.Equal(sum.Read(), x1.Read());
            Assert.Equal(expected.Read(), x2.Read());
            x1.AssertFence();
            x2.AssertFence();
            y.AssertFence();
        }
    }

    [Fact]
    public void RotaryMul_OfEveryHeadSize_IsTheFormula()
    {
        for (var half = 1; half <= 129; half++)
        {
            var (x, cos, sin) = (_rng.Floats(3 * 2 * 2 * half), _rng.Floats(3 * half), _rng.Floats(3 * half));
            using var input = Fenced([3, 2, 2 * half], x, gap: half % 4);
            using var c = Fenced([3, half], cos);
            using var s = Fenced([3, half], sin, gap: half % 2);
            _device.RotaryMul(input, c, s);
            AssertClose(Reference.RotaryMul(x, cos, sin, 3, 2, 2 * half), input, Tolerances.RotaryMul, scale: 1.0);
        }
    }

    [Fact]
    public void Swiglu_OfEveryLength_IsTheFormula()
    {
        for (var f = 1; f <= Longest; f++)
        {
            var x = _rng.Floats(3 * 2 * f, 20f);
            using var input = Fenced([3, 2 * f], x, gap: f % 3);
            using var output = Fenced([3, f], null, gap: f % 2);
            _device.Swiglu(input, output);
            AssertClose(Reference.Swiglu(x, 3, f), output, Tolerances.Swiglu);
        }
    }

    [Fact]
    public void Swiglu_OfExtremeGates_IsNeverNaN()
    {
        using var input = Fenced([1, 12], [-1e4f, 1e4f, -89f, 89f, 0f, -104f, 2f, 2f, 2f, 2f, 2f, 2f]);
        using var output = Fenced([1, 6], null);
        _device.Swiglu(input, output);
        var y = output.Read();
        Assert.Equal([0f, 2e4f], y[..2]);
        Assert.Equal(178f, y[3]);
        Assert.Equal(0f, y[4]);
        Assert.All(y, value => Assert.True(float.IsFinite(value)));
    }

    [Fact]
    public void Cast_OfEveryLength_RoundsToNearestEvenAndBack()
    {
        for (var n = 1; n <= Longest; n++)
        {
            var x = _rng.Floats(2 * n, 1e3f);
            using var input = Fenced([2, n], x, gap: n % 3);
            using var narrow = new FencedTensor(_device.Memory, DType.BF16, [2, n], gap: n % 2);
            using var wide = Fenced([2, n], null);
            _device.Cast(input, narrow);
            _device.Cast(narrow, wide);
            narrow.AssertFence();
            wide.AssertFence();
            Assert.Equal(x.Select(Reference.RoundToBF16), wide.Read());
        }
    }

    [Fact]
    public void Rows_AmongOthersAndAlone_HaveTheSameBits()
    {
        using var many = Fenced([5000, 24], _rng.Floats(5000 * 24));
        using var y = Fenced([5000, 12], null);
        using var one = Fenced([1, 12], null);
        _device.Swiglu(many, y);
        foreach (var row in new[] { 0, 1, 1234, 4999 })
        {
            _device.Swiglu(many.View.Slice(row, 1), one);
            Assert.Equal(y.View.RowF32(row), one.View.RowF32(0));
        }

        y.AssertFence();
    }

    private FencedTensor Fenced(int[] shape, float[]? values, int gap = 0)
    {
        var tensor = new FencedTensor(_device.Memory, DType.F32, shape, gap);
        return values is null ? tensor : tensor.Write(values);
    }

    // Relative to the expected value, or to a fixed scale where terms of the formula may cancel.
    private static void AssertClose(double[] expected, FencedTensor actual, double tolerance, double? scale = null)
    {
        actual.AssertFence();
        var values = actual.Read();
        for (var i = 0; i < values.Length; i++)
            Assert.Equal(expected[i], values[i], tolerance * (scale ?? Math.Max(Math.Abs(expected[i]), 1e-30)));
    }
}
