using System.Runtime.Intrinsics;
using AkkaCp.Npu.Cpu.Simd;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Npu.Tests.Cpu.Kernels;

public sealed class VectorMathTests
{
    [Fact]
    public void Exp_OverItsWholeRange_IsWithinTolerance()
    {
        for (var i = -87_000; i <= 88_700; i += 7)
        {
            var x = i / 1000f;
            var expected = Math.Exp(x);
            Assert.InRange(VectorMath.Exp(x), expected * (1 - Tolerances.Exp), expected * (1 + Tolerances.Exp));
        }
    }

    [Fact]
    public void Exp_BelowTheNormalRange_KeepsTheBitsThatAreLeft()
    {
        for (var x = -87f; x > -103f; x -= 0.25f)
            Assert.Equal(Math.Exp(x), VectorMath.Exp(x), 1.5 * float.Epsilon);
    }

    [Theory]
    [InlineData(0f, 1f)]
    [InlineData(float.NegativeInfinity, 0f)]
    [InlineData(float.MinValue, 0f)]
    [InlineData(-1e4f, 0f)]
    [InlineData(-105f, 0f)]
    [InlineData(89f, float.PositiveInfinity)]
    [InlineData(1e4f, float.PositiveInfinity)]
    [InlineData(float.MaxValue, float.PositiveInfinity)]
    [InlineData(float.PositiveInfinity, float.PositiveInfinity)]
    [InlineData(float.NaN, float.NaN)]
    public void Exp_OfExtremes_IsExact(float x, float expected)
    {
        Assert.Equal(expected, VectorMath.Exp(x));
        Assert.Equal(Vector128.Create(expected), VectorMath.Exp(Vector128.Create(x)));
        Assert.Equal(Vector256.Create(expected), VectorMath.Exp(Vector256.Create(x)));
        Assert.Equal(Vector512.Create(expected), VectorMath.Exp(Vector512.Create(x)));
    }

    [Fact]
    public void Exp_OfAnyBits_IsNeverNegativeAndTheSameInEveryWidth()
    {
        var rng = new Rng(7);
        for (var i = 0; i < 20_000; i++)
        {
            var bits = (rng.Next(1 << 16) << 16) | rng.Next(1 << 16);
            var x = i % 2 == 0 ? BitConverter.Int32BitsToSingle(bits) : rng.NextFloat(110f);
            var y = VectorMath.Exp(x);
            Assert.True(y >= 0f || (float.IsNaN(x) && float.IsNaN(y)), $"e^{x:R} = {y:R}");
            Assert.Equal(y, VectorMath.Exp(Vector128.Create(x))[0]);
            Assert.Equal(y, VectorMath.Exp(Vector256.Create(x))[0]);
            Assert.Equal(y, VectorMath.Exp(Vector512.Create(x))[0]);
        }
    }

    [Fact]
    public void ExpOfFourVectors_HasTheBitsOfOne()
    {
        var rng = new Rng(8);
        for (var i = 0; i < 20_000; i++)
        {
            // Mostly within the normal range, so that both ways of the four are taken.
            var x = Enumerable.Range(0, 32).Select(_ => -MathF.Abs(rng.NextFloat(i % 5 == 0 ? 110f : 87.3f))).ToArray();
            if (i % 7 == 0)
                x[rng.Next(32)] = float.NegativeInfinity;

            var (a, b) = (Vector256.Create(x), Vector256.Create(x, 8));
            var (c, d) = (Vector256.Create(x, 16), Vector256.Create(x, 24));
            VectorMath.Exp(ref a, ref b, ref c, ref d);
            float[] found = [.. Lanes(a), .. Lanes(b), .. Lanes(c), .. Lanes(d)];
            Assert.Equal(x.Select(VectorMath.Exp).Select(BitConverter.SingleToInt32Bits), found.Select(BitConverter.SingleToInt32Bits));
        }

        static IEnumerable<float> Lanes(Vector256<float> v) => Enumerable.Range(0, 8).Select(lane => v[lane]);
    }
}
