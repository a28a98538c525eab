using AkkaCp.Npu.Cpu;
using AkkaCp.Npu.Tests.Cpu;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Npu.Tests.Moe;

public sealed class MoeRoutingTests : IDisposable
{
    private readonly CpuDevice[] _devices = [.. Enumerable.Range(1, 3).Select(n => new CpuDevice(new CpuDeviceOptions { Threads = n }))];

    public void Dispose()
    {
        foreach (var device in _devices)
        {
            Assert.Equal(0, device.Memory.LiveTensors);
            device.Dispose();
        }
    }

    [Theory]
    [InlineData(1, 1, 4, 0, 4)]
    [InlineData(7, 2, 8, 2, 4)]
    [InlineData(300, 8, 128, 64, 64)]
    [InlineData(33, 3, 5, 5, 2)]
    [InlineData(0, 2, 4, 0, 4)]
    public void InitRouting_SortsRowsByExpertThenToken(int t, int k, int experts, int first, int count)
    {
        var device = _devices[t % 3];
        var rng = new Rng(41);
        var chosen = Choose(rng, t, k, experts);
        var x = rng.Floats(t * 20);
        int[] order =
        [
            .. Enumerable.Range(0, t * k).Where(i => chosen[i] >= first && chosen[i] < first + count)
                .OrderBy(i => chosen[i]).ThenBy(i => i),
        ];
        using var source = new FencedTensor(device.Memory, DType.F32, [t, 20], gap: 3).Write(x);
        using var expanded = new FencedTensor(device.Memory, DType.F32, [order.Length, 20], gap: 1);
        var (places, groups) = (new int[t * k], new int[count]);
        device.MoeInitRouting(source, chosen, first, expanded, places, groups);
        expanded.AssertFence();
        var (sourceRows, places2, groups2) = (new int[order.Length], new int[t * k], new int[count]);
        device.MoeInitRouting(chosen, k, first, sourceRows, places2, groups2);
        Assert.Equal(order.Select(i => i / k), sourceRows);
        Assert.Equal(places, places2);
        Assert.Equal(groups, groups2);
        for (var e = 0; e < count; e++)
            Assert.Equal(chosen.Count(c => c >= first && c <= first + e), groups[e]);

        for (var i = 0; i < t * k; i++)
        {
            Assert.Equal(Array.IndexOf(order, i), places[i]);
            if (places[i] >= 0)
                Assert.Equal(x.AsSpan(i / k * 20, 20), expanded.View.RowF32(places[i]));
        }
    }

    [Fact]
    public void FinalizeRouting_AddsChoicesInOrder_EveryWidthUpTo257()
    {
        var rng = new Rng(42);
        for (var h = 0; h <= 257; h++)
        {
            var device = _devices[h % 3];
            var (t, k, rows) = (1 + (h % 6), 1 + (h % 8), 9);
            var (y, w) = (rng.Floats(rows * h), rng.Floats(t * k));
            int[] places = [.. Enumerable.Range(0, t * k).Select(_ => rng.Next(-1, rows))];
            using var expanded = new FencedTensor(device.Memory, DType.F32, [rows, h], gap: 2).Write(y);
            using var weights = new FencedTensor(device.Memory, DType.F32, [t, k], gap: 1).Write(w);
            using var output = new FencedTensor(device.Memory, DType.F32, [t, h], gap: 3);
            device.MoeFinalizeRouting(expanded, weights, places, output);
            output.AssertFence();
            var found = output.Read();
            for (var i = 0; i < t * h; i++)
            {
                var expected = 0f;
                for (var j = 0; j < k; j++)
                {
                    var place = places[(i / h * k) + j];
                    expected = place < 0 ? expected : MathF.FusedMultiplyAdd(w[(i / h * k) + j], y[(place * h) + (i % h)], expected);
                }

                Assert.Equal(BitConverter.SingleToInt32Bits(expected), BitConverter.SingleToInt32Bits(found[i]));
            }
        }
    }

    [Fact]
    public void SplitOverTwoExpertRanks_AddsUpToTheWhole()
    {
        var (t, k, experts, h) = (50, 4, 16, 24);
        var rng = new Rng(43);
        var (x, w, chosen) = (rng.Floats(t * h), rng.Floats(t * k), Choose(rng, t, k, experts));
        var whole = RouteThere(_devices[1], x, w, chosen, t, h, 0, experts);
        var low = RouteThere(_devices[0], x, w, chosen, t, h, 0, 7);
        var high = RouteThere(_devices[2], x, w, chosen, t, h, 7, 9);
        for (var i = 0; i < whole.Length; i++)
            Assert.Equal(whole[i], low[i] + high[i], 1e-5f);
    }

    [Fact]
    public void WrongArguments_AreRefused()
    {
        var device = _devices[0];
        using var x = new FencedTensor(device.Memory, DType.F32, [3, 8]);
        using var two = new FencedTensor(device.Memory, DType.F32, [2, 8]);
        using var w = new FencedTensor(device.Memory, DType.F32, [3, 1]);
        using var y = new FencedTensor(device.Memory, DType.F32, [3, 8]);
        var groups = new[] { -7, -7 };
        AssertRefused("expanded_x", () => device.MoeInitRouting(x, [0, 1, 1], 0, two, new int[3], groups));
        AssertRefused("expert_idx", () => device.MoeInitRouting(x, [0, 1], 0, two, new int[2], groups));
        AssertRefused("expert_idx", () => device.MoeInitRouting(x, [0, -1, 1], 0, two, new int[3], groups));
        AssertRefused("expanded_row_idx", () => device.MoeInitRouting(x, [0, 1, 5], 0, two, new int[2], groups));
        AssertRefused("active_expert_range", () => device.MoeInitRouting(x, [0, 1, 5], -1, two, new int[3], groups));
        AssertRefused("source_rows", () => device.MoeInitRouting([0, 1, 5], 1, 0, new int[3], new int[3], groups));
        AssertRefused("expanded_row_idx", () => device.MoeInitRouting([0, 1, 5], 1, 0, new int[2], new int[2], groups));
        AssertRefused("expert_idx", () => device.MoeInitRouting([0, 1, 5], 2, 0, new int[2], new int[3], groups));
        AssertRefused("expert_idx", () => device.MoeInitRouting([0, -1, 5], 1, 0, new int[1], new int[3], groups));
        AssertRefused("active_expert_range", () => device.MoeInitRouting([0, 1, 5], 1, -1, new int[2], new int[3], groups));
        Assert.Equal([-7, -7], groups);
        AssertRefused("expanded_row_idx", () => device.MoeFinalizeRouting(two, w, [0, 1, 2], y));
        AssertRefused("expanded_row_idx", () => device.MoeFinalizeRouting(two, w, [0, 1, -2], y));
        AssertRefused("expanded_row_idx", () => device.MoeFinalizeRouting(two, w, [0, 1], y));
        AssertRefused("out", () => device.MoeFinalizeRouting(two, w, [0, 1, 1], two));
        AssertRefused("out", () => device.MoeFinalizeRouting(x, w, [0, 1, 1], x));
        two.AssertFence();
        y.AssertFence();
    }

    private static void AssertRefused(string argument, Action call) =>
        Assert.Equal(argument, Assert.Throws<NpuShapeException>(call).Argument);

    // k different experts for each token.
    private static int[] Choose(Rng rng, int t, int k, int experts)
    {
        var chosen = new int[t * k];
        for (var i = 0; i < t * k; i++)
        {
            do
            {
                chosen[i] = rng.Next(experts);
            }
            while (chosen.AsSpan(i / k * k, i % k).Contains(chosen[i]));
        }

        return chosen;
    }

    // There and back with experts that do nothing.
    private static float[] RouteThere(CpuDevice device, float[] x, float[] w, int[] chosen, int t, int h, int first, int count)
    {
        using var source = new FencedTensor(device.Memory, DType.F32, [t, h]).Write(x);
        using var weights = new FencedTensor(device.Memory, DType.F32, [t, w.Length / t]).Write(w);
        using var expanded = new FencedTensor(device.Memory, DType.F32, [chosen.Count(e => e >= first && e < first + count), h]);
        using var output = new FencedTensor(device.Memory, DType.F32, [t, h]);
        var (places, groups) = (new int[chosen.Length], new int[count]);
        device.MoeInitRouting(source, chosen, first, expanded, places, groups);
        device.MoeFinalizeRouting(expanded, weights, places, output);
        return output.Read();
    }
}
