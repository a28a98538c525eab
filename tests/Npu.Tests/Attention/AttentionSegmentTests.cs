using AkkaCp.Npu.Cpu;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Npu.Tests.Attention;

/// <summary>
/// Rows that see several segments of 512 keys: near the formula, and with the same bits whether the row stands in a prompt or alone,
/// walks its keys in one piece or divided over workers.
/// </summary>
public sealed class AttentionSegmentTests : IDisposable
{
    private const double Tolerance = 1e-5;
    private static readonly int[] s_threads = [1, 2, 3, 9];
    private readonly CpuDevice[] _devices = [.. s_threads.Select(n => new CpuDevice(new CpuDeviceOptions { Threads = n }))];

    public void Dispose()
    {
        foreach (var device in _devices)
        {
            Assert.Equal(0, device.Memory.LiveTensors);
            device.Dispose();
        }
    }

    [Theory]
    [InlineData(8, 1, 32)]
    [InlineData(12, 4, 64)]
    [InlineData(3, 3, 36)]
    [InlineData(10, 1, 32)]
    [InlineData(4, 2, 128)]
    public void ADecodeRow_HasTheBitsOfItsRowInThePrompt(int heads, int kvHeads, int d)
    {
        // Row 11 sees 1024 keys, two whole segments, row 12 the first key of a third.
        var c = AttentionCase.Random(new Rng(31), heads, kvHeads, d, [24], [1036], amplitude: 3f);
        var prompt = c.RunPacked(_devices[0]);
        foreach (var i in new[] { 0, 10, 11, 12, 13, 23 })
        {
            var row = AttentionRows.Of(c, i, 1, 1012 + i + 1);
            foreach (var device in _devices)
            {
                row.RunPaged(device, 16, seed: i + 1).AssertSameRow(0, 0, prompt, 0, i, $"row {i}, pages of 16, {device.Threads} workers");
                row.RunPaged(device, 128, seed: i + 2)
                    .AssertSameRow(0, 0, prompt, 0, i, $"row {i}, pages of 128, {device.Threads} workers");
                row.RunBatched(device, FiaInputLayout.Bnsd).AssertSameRow(0, 0, prompt, 0, i, $"row {i}, BNSD, {device.Threads} workers");
            }
        }
    }

    [Fact]
    public void LongRowsAmongShortOnes_AreNearTheFormula()
    {
        var c = AttentionCase.Random(new Rng(32), 4, 2, 32, [1, 3, 0, 1, 2], [1700, 40, 600, 512, 1025], amplitude: 2f);
        foreach (var device in _devices)
            c.RunPaged(device, 48).AssertNear((b, i) => [.. Enumerable.Range(0, c.KeyRows(b) - c.QueryRows(b) + i + 1)], Tolerance);
    }

    [Fact]
    public void SegmentsThatARowDoesNotSee_ChangeNothing()
    {
        // A band of 600 keys: rows of one tile begin and end in different segments; what lies outside is not even a number.
        var random = AttentionCase.Random(new Rng(33), 4, 1, 32, [150], [1700], amplitude: 2f);
        var values = (float[])random.Values[0].Clone();
        values.AsSpan(0, 800 * 32).Fill(float.NaN);
        var c = new AttentionCase
        {
            Heads = 4,
            KvHeads = 1,
            D = 32,
            SparseMode = 4,
            Pre = 600,
            Next = 0,
            Queries = random.Queries,
            Keys = random.Keys,
            Values = [values],
        };
        var first = c.RunPacked(_devices[0]);
        first.AssertNear((_, i) => [.. Enumerable.Range(950 + i, 601)], Tolerance);
        foreach (var device in _devices)
            c.RunPaged(device, 32).AssertSame(first, $"{device.Threads} workers");
    }

    [Fact]
    public void LargeScoresInOneSegment_OutweighTheOthers()
    {
        // exp(max - max') underflows in one direction or the other, whichever segment holds the largest score.
        var c = AttentionCase.Random(new Rng(34), 2, 1, 16, [1], [1600]);
        foreach (var loud in new[] { 3, 700, 1599 })
        {
            var keys = (float[])c.Keys[0].Clone();
            c.Queries[0].AsSpan(0, 16).CopyTo(keys.AsSpan(loud * 16, 16));
            for (var j = 0; j < 16; j++)
                keys[(loud * 16) + j] *= 200f;

            var result = c.With(keys: [keys]);
            foreach (var device in _devices)
                result.RunPaged(device, 64).AssertNear((_, _) => [.. Enumerable.Range(0, 1600)], Tolerance);
        }
    }
}
