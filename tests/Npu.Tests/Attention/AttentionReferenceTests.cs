using AkkaCp.Npu.Cpu;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Npu.Tests.Attention;

/// <summary>Attention against float64, over lengths, head counts, modes and extreme values.</summary>
public sealed class AttentionReferenceTests : IDisposable
{
    // A score is a sum of D products and one rounding of scale, a value sum one of up to K: well below 1e-5 for the sizes here.
    private const double Tolerance = 1e-5;

    private readonly CpuDevice[] _devices = [.. Enumerable.Range(1, 3).Select(n => new CpuDevice(new CpuDeviceOptions { Threads = n }))];

    public void Dispose()
    {
        foreach (var device in _devices)
        {
            Assert.Equal(0, device.Memory.LiveTensors);
            device.Dispose();
        }
    }

    [Fact]
    public void EveryKeyLengthUpTo257_IsNearTheFormula()
    {
        var rng = new Rng(11);
        for (var first = 0; first <= 257; first += 6)
        {
            int[] keys = [.. Enumerable.Range(first, 6)];
            var c = AttentionCase.Random(rng, 2, 1, 16, [1, 2, 3, 0, 1, 2], keys, amplitude: 2f);
            c.RunPaged(_devices[first % 3], 16, seed: first).AssertNear((b, i) => Causal(c, b, i), Tolerance);
        }
    }

    [Theory]
    [InlineData(4, 4, 64)]
    [InlineData(8, 1, 128)]
    [InlineData(6, 2, 20)]
    [InlineData(7, 1, 36)]
    [InlineData(64, 1, 8)]
    [InlineData(2, 1, 512)]
    public void HeadCountsAndSizes_AreNearTheFormula(int heads, int kvHeads, int d)
    {
        var rng = new Rng(12);
        var c = AttentionCase.Random(rng, heads, kvHeads, d, [5, 33, 1], [70, 40, 129]);
        c.RunPacked(_devices[1]).AssertNear((b, i) => Causal(c, b, i), Tolerance);
    }

    [Theory]
    [InlineData(0, 5, 3)]
    [InlineData(4, 7, 0)]
    [InlineData(4, 100, 2)]
    [InlineData(4, 90, -3)]
    [InlineData(2, 0, 0)]
    public void Bands_AreNearTheFormula(int mode, int pre, int next)
    {
        var rng = new Rng(14);
        var random = AttentionCase.Random(rng, 2, 1, 16, [40, 150], [150, 150]);
        var c = new AttentionCase
        {
            Heads = 2,
            KvHeads = 1,
            D = 16,
            SparseMode = mode,
            Pre = pre,
            Next = next,
            Mask = mode == 0 ? new FiaMask(new byte[150 * 150], 150, 150) : FiaMask.Compressed,
            Queries = random.Queries,
            Keys = random.Keys,
            Values = random.Values,
        };
        int[] Visible(int b, int i)
        {
            var diagonal = i + (mode == 4 ? c.KeyRows(b) - c.QueryRows(b) : 0);
            return [.. Enumerable.Range(0, 150).Where(k => mode == 2 ? k <= i : k >= diagonal - pre && k <= diagonal + next)];
        }

        c.RunPaged(_devices[2], 16).AssertNear(Visible, Tolerance);
        c.RunBatched(_devices[1], FiaInputLayout.Bsnd).AssertNear(Visible, Tolerance);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void FullMasks_HideWhatTheyMark_ForEachRequest(int mode)
    {
        var rng = new Rng(15);
        var random = AttentionCase.Random(rng, 4, 2, 16, [20, 7], [140, 90]);
        var hidden = new byte[2 * 20 * 144];
        for (var i = 0; i < hidden.Length; i++)
            hidden[i] = (byte)(rng.Next(3) == 0 ? 0 : 1);

        // Row 3 of the first request sees nothing; row 4 nothing in its first two blocks.
        hidden.AsSpan(3 * 144, 144).Fill(1);
        hidden.AsSpan(4 * 144, 128).Fill(1);
        var c = new AttentionCase
        {
            Heads = 4,
            KvHeads = 2,
            D = 16,
            SparseMode = mode,
            Mask = new FiaMask(hidden, 2, 1, 20, 144),
            Queries = random.Queries,
            Keys = random.Keys,
            Values = random.Values,
        };
        int[] Visible(int b, int i) => [.. Enumerable.Range(0, c.KeyRows(b)).Where(k => hidden[(((b * 20) + i) * 144) + k] == 0)];
        c.RunPaged(_devices[1], 16).AssertNear(Visible, Tolerance);
        c.RunBatched(_devices[0], FiaInputLayout.Bnsd).AssertNear(Visible, Tolerance);
    }

    [Fact]
    public void ScoresOfTenThousand_DoNotOverflow()
    {
        // One lane carries the score, exactly: ±10000 alternate, and 9990 stands once in between.
        var keys = new float[100 * 16];
        for (var k = 0; k < 100; k++)
            keys[k * 16] = k == 50 ? 9990f : k % 2 == 0 ? 10000f : -10000f;

        var query = new float[16];
        query[0] = 1f;
        var c = new AttentionCase
        {
            Heads = 1,
            KvHeads = 1,
            D = 16,
            Scale = 1f,
            Queries = [query],
            Keys = [keys],
            Values = [new Rng(16).Floats(100 * 16)],
        };
        c.RunPacked(_devices[0]).AssertNear((_, _) => [.. Enumerable.Range(0, 100)], Tolerance);
        var all = c.With(queries: [query.Select(x => -x).ToArray()]);
        all.RunPacked(_devices[0]).AssertNear((_, _) => [.. Enumerable.Range(0, 100)], Tolerance);
    }

    [Fact]
    public void EqualScores_GiveTheMean()
    {
        var c = AttentionCase.Random(new Rng(17), 2, 1, 16, [1], [257]);
        var equal = c.With(queries: [new float[32]]);
        equal.RunPaged(_devices[0], 128).AssertNear((_, _) => [.. Enumerable.Range(0, 257)], Tolerance);
    }

    [Fact]
    public void NoRowsAtAll_IsNoWork()
    {
        var c = AttentionCase.Random(new Rng(18), 2, 1, 16, [0, 0], [3, 0]);
        c.RunPacked(_devices[1]).AssertNear((_, _) => [], Tolerance);
    }

    private static int[] Causal(AttentionCase c, int b, int i) =>
        [.. Enumerable.Range(0, Math.Max(0, i + 1 + c.KeyRows(b) - c.QueryRows(b)))];
}
