using AkkaCp.Npu.Cpu;
using AkkaCp.Testing;
using CsCheck;
using Xunit;

namespace AkkaCp.Npu.Tests.Attention;

/// <summary>
/// Attention over a BF16 cache, in every kernel variant of the machine: near the formula in float64, and a row's bits the same alone, in
/// any chunk, batch, paging and number of workers.
/// </summary>
public sealed class AttentionPairsTests : IDisposable
{
    private static readonly int[] s_pages = [16, 32, 48, 128];
    private readonly Dictionary<(string Kernels, int Threads), CpuDevice> _devices = [];

    /// <summary>All variants; those without products of BF16 pairs widen the cache.</summary>
    public static TheoryData<string> Variants => [.. CpuDevice.AvailableKernels];

    public void Dispose()
    {
        foreach (var device in _devices.Values)
        {
            Assert.Equal(0, device.Memory.LiveTensors);
            device.Dispose();
        }
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void EveryKeyLengthUpTo257_IsNearTheFormula(string kernels)
    {
        var rng = new Rng(41);
        for (var first = 0; first <= 257; first += 6)
        {
            int[] keys = [.. Enumerable.Range(first, 6)];
            var c = Rounded(AttentionCase.Random(rng, 2, 1, 16, [1, 2, 3, 0, 1, 2], keys, amplitude: 2f));
            AssertNear(c, c.RunPaged(Device(kernels, 1 + (first % 3)), 16, DType.BF16, first), Causal(c));
        }
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void HeadCountsAndSizes_AreNearTheFormula(string kernels)
    {
        var rng = new Rng(42);
        foreach (var (heads, kvHeads, d)
            in new[] { (4, 4, 64), (8, 1, 128), (32, 4, 128), (6, 2, 24), (7, 1, 40), (64, 1, 8), (2, 1, 512), (30, 2, 96) })
        {
            var c = Rounded(AttentionCase.Random(rng, heads, kvHeads, d, [5, 33, 1, 2], [70, 40, 129, 700]));
            AssertNear(c, c.RunPaged(Device(kernels, 2), 48, DType.BF16), Causal(c));
        }
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void BandsAndFullMasks_AreNearTheFormula(string kernels)
    {
        var rng = new Rng(43);
        var random = Rounded(AttentionCase.Random(rng, 4, 2, 32, [20, 7], [140, 90]));
        var hidden = new byte[2 * 20 * 144];
        for (var i = 0; i < hidden.Length; i++)
            hidden[i] = (byte)(rng.Next(3) == 0 ? 0 : 1);

        // Row 3 of the first request sees nothing; row 4 nothing in its first two blocks.
        hidden.AsSpan(3 * 144, 144).Fill(1);
        hidden.AsSpan(4 * 144, 128).Fill(1);
        var masked = Like(random, 0, new FiaMask(hidden, 2, 1, 20, 144));
        AssertNear(masked, masked.RunPaged(Device(kernels, 2), 16, DType.BF16),
            (b, i) => [.. Enumerable.Range(0, masked.KeyRows(b)).Where(k => hidden[(((b * 20) + i) * 144) + k] == 0)]);
        var band = Like(random, 4, FiaMask.Compressed, pre: 37, next: -3);
        AssertNear(band, band.RunPaged(Device(kernels, 3), 32, DType.BF16), (b, i) =>
        {
            var diagonal = i + band.KeyRows(b) - band.QueryRows(b);
            return [.. Enumerable.Range(0, band.KeyRows(b)).Where(k => k >= diagonal - 37 && k <= diagonal - 3)];
        });
    }

    [Fact]
    public void VariantsWithoutPairs_WidenTheCacheExactly()
    {
        var c = Rounded(AttentionCase.Random(new Rng(44), 4, 2, 32, [3, 9], [80, 9]));
        var expected = c.RunPaged(Device("scalar", 1), 32);
        var widening = CpuDevice.AvailableKernels.Where(
            name => name is "scalar" or "avx512" or "vector256" or "vector128" or "vnni-avx512").ToArray();
        foreach (var kernels in widening)
            c.RunPaged(Device(kernels, 2), 32, DType.BF16).AssertSame(expected, kernels);
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void ASequenceInOneCall_HasTheBitsOfAnyChunking(string kernels)
    {
        Gen.Select(Gen.Int[1, 130], Gen.Int[0, 150], Gen.Int[0, 4], Gen.UInt).Sample(
            (extend, prefix, shape, seed) =>
            {
                var rng = new Rng(seed);
                var (heads, kvHeads, d) = Shape(shape);
                var whole = AttentionCase.Random(rng, heads, kvHeads, d, [extend], [prefix + extend], amplitude: 3f);
                var expected = whole.RunPaged(Device(kernels, 1 + rng.Next(3)), s_pages[rng.Next(4)], DType.BF16, (int)(seed & 0xFFFF));
                for (var first = 0; first < extend;)
                {
                    var count = Math.Min(rng.Next(3) == 0 ? 1 : rng.Next(1, 90), extend - first);
                    var chunk = AttentionRows.Among(rng, AttentionRows.Of(whole, first, count, prefix + first + count), out var place);
                    var found = chunk.RunPaged(Device(kernels, 1 + rng.Next(3)), s_pages[rng.Next(4)], DType.BF16, first + 1);
                    for (var i = 0; i < count; i++)
                        found.AssertSameRow(place, i, expected, 0, first + i, $"rows {first}+{count} of {extend} after {prefix}");

                    first += count;
                }
            },
            iter: 25,
            threads: 1,
            seed: "0000KO6sNGU2");
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void ADecodeRow_HasTheBitsOfItsRowInThePrompt(string kernels)
    {
        foreach (var (heads, kvHeads, d) in new[] { (8, 1, 32), (32, 4, 128), (3, 3, 40), (12, 4, 64), (10, 1, 32) })
        {
            // Row 11 sees 1024 keys, two whole segments, row 12 the first key of a third.
            var c = AttentionCase.Random(new Rng(45), heads, kvHeads, d, [24], [1036], amplitude: 3f);
            var prompt = c.RunPaged(Device(kernels, 1), 128, DType.BF16);
            foreach (var i in new[] { 0, 10, 11, 12, 13, 23 })
            {
                foreach (var threads in new[] { 1, 2, 9 })
                {
                    AttentionRows.Of(c, i, 1, 1012 + i + 1).RunPaged(Device(kernels, threads), threads == 2 ? 128 : 16, DType.BF16, i + 1)
                        .AssertSameRow(0, 0, prompt, 0, i, $"row {i}, {heads} heads, {threads} workers");
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void TinyAndHugeWeights_KeepTheBits(string kernels)
    {
        // Weights underflow, sums become subnormal when they are rescaled, which the instruction takes for zero; some change sign.
        var c = AttentionCase.Random(new Rng(46), 8, 2, 16, [70], [140], amplitude: 12f);
        var tiny = c.With(values: [c.Values[0].Select((x, i) => i % 3 == 0 ? x * 1e-37f : x).ToArray()]);
        var expected = tiny.RunPaged(Device(kernels, 1), 128, DType.BF16);
        for (var i = 0; i < 70; i++)
        {
            AttentionRows.Of(tiny, i, 1, 70 + i + 1).RunPaged(Device(kernels, 1), 16, DType.BF16)
                .AssertSameRow(0, 0, expected, 0, i, $"row {i} alone");
        }
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void ValuesThatARowDoesNotSee_MayBeAnything(string kernels)
    {
        var rng = new Rng(47);
        foreach (var bad in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity, 3e38f })
        {
            // Key 101 shares a pair with the good key 100: rows that see only that one must not notice.
            var c = AttentionCase.Random(rng, 2, 1, 40, [90], [130]);
            var (keys, values) = ((float[])c.Keys[0].Clone(), (float[])c.Values[0].Clone());
            keys.AsSpan(101 * 40, 40).Fill(bad);
            values.AsSpan(101 * 40, 40).Fill(bad);
            var found = c.With(keys: [keys], values: [values]).RunPaged(Device(kernels, 2), 32, DType.BF16);
            var expected = c.RunPaged(Device(kernels, 1), 32, DType.BF16);
            for (var i = 0; i < 61; i++)
                found.AssertSameRow(0, i, expected, 0, i, $"key 101 is {bad}, row {i} sees {i + 41} keys");

            if (!float.IsFinite(bad))
                Assert.Contains(Enumerable.Range(61, 29), i => found.Output(0, i, 0).Any(x => !float.IsFinite(x)));
        }
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void ANaN_ReachesEveryRowThatSeesIt(string kernels)
    {
        foreach (var k in new[] { 0, 1, 17, 33, 63, 64, 70 })
        {
            var c = AttentionCase.Random(new Rng(48), 2, 1, 16, [71], [71]);
            var keys = (float[])c.Keys[0].Clone();
            keys[k * 16] = float.NaN;
            var found = c.With(keys: [keys]).RunPaged(Device(kernels, 1), 16, DType.BF16);
            for (var i = k; i < 71; i++)
                Assert.All(found.Output(0, i, 1), x => Assert.True(float.IsNaN(x), $"row {i} sees the NaN key {k} and is {x}"));
        }
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void OneKeyOrEqualScores_GiveTheMeanOfTheValues(string kernels)
    {
        // Every weight is exactly 1, so nothing is rounded but the sum.
        var c = Rounded(AttentionCase.Random(new Rng(49), 2, 1, 16, [1, 1], [257, 1]));
        var equal = c.With(queries: [new float[32], c.Queries[1]]);
        equal.RunPaged(Device(kernels, 1), 128, DType.BF16).AssertNear((b, _) => [.. Enumerable.Range(0, equal.KeyRows(b))], 1e-6, 2e-2);
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void AnotherCall_AllocatesNothing(string kernels)
    {
        // Shapes that take whole tiles, few rows and divided keys: only the first call may make room.
        var c = AttentionCase.Random(new Rng(50), 8, 2, 32, [1], [1100]);
        var device = Device(kernels, 1);
        using var pages = new PagedKv(device, c, 128, DType.BF16, 1);
        using var query = device.Memory.Rent(DType.F32, 1, 8, 32);
        using var output = device.Memory.Rent(DType.F32, 1, 8, 32);
        c.Queries[0].CopyTo(query.View.SpanF32());
        var call = new FiaArguments
        {
            Query = query,
            Key = pages.Key,
            Value = pages.Value,
            Output = output,
            NumHeads = 8,
            NumKeyValueHeads = 2,
            SparseMode = 3,
            AttenMask = FiaMask.Compressed,
            ActualSeqLengths = [1],
            ActualSeqLengthsKv = [1100],
            BlockTable = pages.Table,
            BlockTableRows = 1,
            BlockSize = 128,
        };
        device.FusedInferAttentionScore(call);
        Assert.Equal(0, Allocated.ByQuietest(() => device.FusedInferAttentionScore(call)));
    }

    private static void AssertNear(AttentionCase c, AttentionResult result, Func<int, int, int[]> visible)
    {
        // A query and a weight carry a relative error of 2^-9 each, from rounding to BF16. A score is off by 2^-9 · Σ|q·k|·scale at most,
        // in practice by that over √D: 0.03 with the numbers here; weights are off by as much, and so are lse and, relative to the largest
        // value, the mean. Variants that widen are far nearer and have their own tests.
        var largest = c.Queries.SelectMany(q => q).Max(Math.Abs);
        var score = c.Scale * largest * largest * Math.Sqrt(c.D);
        result.AssertNear(visible, Math.Pow(2, -9) * (1 + score), Math.Pow(2, -9) * (1 + score));
    }

    private static Func<int, int, int[]> Causal(AttentionCase c) =>
        (b, i) => [.. Enumerable.Range(0, Math.Max(0, i + 1 + c.KeyRows(b) - c.QueryRows(b)))];

    // Keys and values that BF16 holds exactly, so that the formula has the same.
    private static AttentionCase Rounded(AttentionCase c)
    {
        float[][] Round(float[][] rows) => [.. rows.Select(r => r.Select(Reference.RoundToBF16).ToArray())];
        return c.With(keys: Round(c.Keys), values: Round(c.Values));
    }

    private static AttentionCase Like(AttentionCase c, int mode, FiaMask mask, int pre = int.MaxValue, int next = int.MaxValue) => new()
    {
        Heads = c.Heads,
        KvHeads = c.KvHeads,
        D = c.D,
        SparseMode = mode,
        Pre = pre,
        Next = next,
        Mask = mask,
        Queries = c.Queries,
        Keys = c.Keys,
        Values = c.Values,
    };

    private static (int Heads, int KvHeads, int D) Shape(int number) => number switch
    {
        0 => (8, 1, 32),
        1 => (4, 2, 16),
        2 => (3, 3, 40),
        3 => (16, 2, 128),
        _ => (10, 2, 64),
    };

    private CpuDevice Device(string kernels, int threads)
    {
        if (!_devices.TryGetValue((kernels, threads), out var device))
        {
            device = new CpuDevice(new CpuDeviceOptions { Kernels = kernels, Threads = threads });
            _devices.Add((kernels, threads), device);
        }

        return device;
    }
}
