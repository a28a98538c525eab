using AkkaCp.Npu.Cpu;
using AkkaCp.Npu.Tests.Cpu;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Npu.Tests.Moe;

public sealed class MoeGatingTopKSoftmaxTests : IDisposable
{
    private const double Tolerance = 2e-6;
    private readonly CpuDevice _device = new(new CpuDeviceOptions { Threads = 2 });

    public void Dispose()
    {
        Assert.Equal(0, _device.Memory.LiveTensors);
        _device.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void EveryExpertCountUpTo257_IsNearTheFormula(bool renormalize)
    {
        var rng = new Rng(31);
        for (var e = 1; e <= 257; e++)
        {
            var (t, k) = (1 + (e % 5), Math.Min(e, 1 + rng.Next(9)));
            var logits = rng.Floats(t * e, 6f);
            var (weights, experts) = Run(logits, t, e, k, renormalize);
            for (var row = 0; row < t; row++)
            {
                var (expected, numbers) = Expected(logits.AsSpan(row * e, e), k, renormalize);
                Assert.Equal(numbers, experts[(row * k)..((row + 1) * k)]);
                for (var j = 0; j < k; j++)
                    Assert.Equal(expected[j], weights[(row * k) + j], Tolerance);
            }
        }
    }

    [Fact]
    public void EqualLogits_AreTakenByNumber()
    {
        var (weights, experts) = Run([1, 3, 3, 1, 3, 1], 1, 6, 5, renormalize: true);
        Assert.Equal([1, 2, 4, 0, 3], experts);
        Assert.Equal(weights[0], weights[2]);
        Assert.Equal(1.0, weights.Sum(x => (double)x), Tolerance);
    }

    [Fact]
    public void LargeLogits_DoNotOverflow()
    {
        var (weights, experts) = Run([1e4f, -1e4f, 1e4f, 0f], 1, 4, 3, renormalize: false);
        Assert.Equal([0, 2, 1], experts);
        Assert.Equal([0.5f, 0.5f, 0f], weights);
    }

    [Fact]
    public void BrokenLogits_StillNameDifferentExperts()
    {
        var (weights, experts) = Run([float.NaN, 1f, float.NaN, 2f, 3f], 1, 5, 4, renormalize: true);
        Assert.Equal(4, experts.Distinct().Count());
        Assert.All(experts, e => Assert.InRange(e, 0, 4));
        Assert.Contains(weights, float.IsNaN);
    }

    [Fact]
    public void ARowAlone_HasTheBitsOfARowAmongOthers()
    {
        var logits = new Rng(32).Floats(600 * 128, 4f);
        var (weights, experts) = Run(logits, 600, 128, 8, renormalize: true);
        for (var row = 0; row < 600; row += 7)
        {
            var (alone, numbers) = Run(logits[(row * 128)..((row + 1) * 128)], 1, 128, 8, renormalize: true);
            Assert.Equal(alone, weights[(row * 8)..((row + 1) * 8)]);
            Assert.Equal(numbers, experts[(row * 8)..((row + 1) * 8)]);
        }
    }

    [Fact]
    public void WrongShapes_AreRefusedBeforeAnythingIsWritten()
    {
        using var x = new FencedTensor(_device.Memory, DType.F32, [3, 8]);
        using var y = new FencedTensor(_device.Memory, DType.F32, [3, 9]);
        using var rows = new FencedTensor(_device.Memory, DType.F32, [2, 4]);
        using var good = new FencedTensor(_device.Memory, DType.F32, [3, 2]);
        using var wide = new FencedTensor(_device.Memory, DType.F32, [1, 2049]);
        AssertRefused("y", () => _device.MoeGatingTopKSoftmax(x, true, y, new int[27]));
        AssertRefused("y", () => _device.MoeGatingTopKSoftmax(x, true, rows, new int[8]));
        AssertRefused("expert_idx", () => _device.MoeGatingTopKSoftmax(x, true, good, new int[5]));
        AssertRefused("x", () => _device.MoeGatingTopKSoftmax(wide, true, rows, new int[8]));
        good.AssertFence();
    }

    private static void AssertRefused(string argument, Action call)
    {
        var error = Assert.Throws<NpuShapeException>(call);
        Assert.Equal("MoeGatingTopKSoftmax", error.Operator);
        Assert.Equal(argument, error.Argument);
    }

    private (float[] Weights, int[] Experts) Run(float[] logits, int t, int e, int k, bool renormalize)
    {
        using var x = new FencedTensor(_device.Memory, DType.F32, [t, e], gap: 1).Write(logits);
        using var y = new FencedTensor(_device.Memory, DType.F32, [t, k], gap: 3);
        var experts = new int[t * k];
        _device.MoeGatingTopKSoftmax(x, renormalize, y, experts);
        y.AssertFence();
        return (y.Read(), experts);
    }

    private static (double[] Weights, int[] Experts) Expected(ReadOnlySpan<float> logits, int k, bool renormalize)
    {
        var values = logits.ToArray().Select(x => (double)x).ToArray();
        var max = values.Max();
        var sum = values.Sum(x => Math.Exp(x - max));
        int[] experts = [.. Enumerable.Range(0, values.Length).OrderByDescending(e => values[e]).ThenBy(e => e).Take(k)];
        double[] weights = [.. experts.Select(e => Math.Exp(values[e] - max) / sum)];
        return (renormalize ? [.. weights.Select(w => w / weights.Sum())] : weights, experts);
    }
}
