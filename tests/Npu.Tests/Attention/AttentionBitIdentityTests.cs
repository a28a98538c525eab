using AkkaCp.Npu.Cpu;
using AkkaCp.Testing;
using CsCheck;
using Xunit;

namespace AkkaCp.Npu.Tests.Attention;

/// <summary>A row's bits depend on the row and the keys it sees: not on neighbours, chunks, layout, paging or workers.</summary>
public sealed class AttentionBitIdentityTests : IDisposable
{
    private static readonly int[] s_pages = [16, 32, 48, 128];
    private readonly CpuDevice[] _devices = [.. Enumerable.Range(1, 3).Select(n => new CpuDevice(new CpuDeviceOptions { Threads = n }))];

    public void Dispose()
    {
        foreach (var device in _devices)
            device.Dispose();
    }

    [Fact]
    public void ASequenceInOneCall_HasTheBitsOfAnyChunking()
    {
        Gen.Select(Gen.Int[1, 200], Gen.Int[0, 150], Gen.Int[0, 3], Gen.UInt).Sample(
            (extend, prefix, shape, seed) =>
            {
                var rng = new Rng(seed);
                var (heads, kvHeads, d) = Shape(shape);
                var whole = AttentionCase.Random(rng, heads, kvHeads, d, [extend], [prefix + extend], amplitude: 3f);
                var expected = whole.RunPaged(_devices[rng.Next(3)], s_pages[rng.Next(4)], seed: (int)(seed & 0xFFFF));
                for (var first = 0; first < extend;)
                {
                    var count = Math.Min(rng.Next(3) == 0 ? 1 : rng.Next(1, 90), extend - first);
                    var chunk = AttentionRows.Among(rng, AttentionRows.Of(whole, first, count, prefix + first + count), out var place);
                    var found = rng.Next(2) == 0
                        ? chunk.RunPaged(_devices[rng.Next(3)], s_pages[rng.Next(4)], seed: first + 1)
                        : chunk.RunPacked(_devices[rng.Next(3)]);
                    for (var i = 0; i < count; i++)
                        found.AssertSameRow(place, i, expected, 0, first + i, $"rows {first}+{count} of {extend} after {prefix}");

                    first += count;
                }
            },
            iter: 40,
            threads: 1,
            seed: "0000KO6sNGU2");
    }

    [Fact]
    public void LayoutsPagesAndWorkers_GiveTheSameBits()
    {
        var rng = new Rng(21);
        for (var round = 0; round < 12; round++)
        {
            var (heads, kvHeads, d) = Shape(round % 4);
            int[] q = [.. Enumerable.Range(0, 3).Select(_ => rng.Next(0, 60))];
            int[] k = [.. q.Select(n => n + rng.Next(-10, 200)).Select(n => Math.Max(n, 0))];
            q[0]++;
            var c = AttentionCase.Random(rng, heads, kvHeads, d, q, k, amplitude: 3f);
            var expected = c.RunPacked(_devices[0]);
            foreach (var device in _devices)
            {
                c.RunPacked(device).AssertSame(expected, $"{device.Threads} workers");
                c.RunPaged(device, s_pages[round % 4], seed: round).AssertSame(expected, $"pages of {s_pages[round % 4]}");
            }

            c.RunBatched(_devices[1], FiaInputLayout.Bsnd).AssertSame(expected, "BSND");
            c.RunBatched(_devices[2], FiaInputLayout.Bnsd).AssertSame(expected, "BNSD");
        }
    }

    [Fact]
    public void ValuesThatARowDoesNotSee_MayBeAnything()
    {
        var rng = new Rng(22);
        foreach (var bad in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity, float.MaxValue })
        {
            // Two heads to a token: a group of 8 rows holds four tokens, of which two see the bad key.
            var c = AttentionCase.Random(rng, 2, 1, 32, [90], [130]);
            var (keys, values) = ((float[])c.Keys[0].Clone(), (float[])c.Values[0].Clone());
            keys.AsSpan(102 * 32, 32).Fill(bad);
            values.AsSpan(102 * 32, 32).Fill(bad);
            var found = c.With(keys: [keys], values: [values]).RunPacked(_devices[1]);
            var expected = c.RunPacked(_devices[0]);
            for (var i = 0; i < 62; i++)
                found.AssertSameRow(0, i, expected, 0, i, $"key 102 is {bad}, row {i} sees {i + 41} keys");

            if (!float.IsFinite(bad))
                Assert.Contains(Enumerable.Range(62, 28), i => found.Output(0, i, 0).Any(x => !float.IsFinite(x)));
        }
    }

    [Fact]
    public void ANaNKey_ReachesEveryRowThatSeesIt()
    {
        foreach (var k in new[] { 0, 1, 17, 33, 63, 64, 70 })
        {
            var c = AttentionCase.Random(new Rng(23), 2, 1, 16, [71], [71]);
            var keys = (float[])c.Keys[0].Clone();
            keys[k * 16] = float.NaN;
            var found = c.With(keys: [keys]).RunPaged(_devices[0], 16);
            for (var i = k; i < 71; i++)
                Assert.All(found.Output(0, i, 1), x => Assert.True(float.IsNaN(x), $"row {i} sees the NaN key {k} and is {x}"));
        }
    }

    [Fact]
    public void LargeExponentRange_KeepsTheBits()
    {
        // Weights underflow to subnormal numbers and to 0, sums change sign: the places where -0 and +0 could part.
        var rng = new Rng(24);
        var c = AttentionCase.Random(rng, 8, 2, 16, [70], [140], amplitude: 12f);
        var tiny = c.With(values: [c.Values[0].Select((x, i) => i % 3 == 0 ? x * 1e-38f : x).ToArray()]);
        var expected = tiny.RunPacked(_devices[0]);
        for (var i = 0; i < 70; i++)
            AttentionRows.Of(tiny, i, 1, 70 + i + 1).RunPaged(_devices[0], 16).AssertSameRow(0, 0, expected, 0, i, $"row {i} alone");
    }

    private static (int Heads, int KvHeads, int D) Shape(int number) => number switch
    {
        0 => (8, 1, 32),
        1 => (4, 2, 16),
        2 => (3, 3, 36),
        _ => (10, 2, 64),
    };
}
