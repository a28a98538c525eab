using AkkaCp.Npu.Cpu;
using AkkaCp.Npu.Cpu.Products.Kernels;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Npu.Tests.Attention;

/// <summary>Assembled attention has the bits of the portable form: over an F32 cache in all variants, over a BF16 cache in those that widen
/// it.</summary>
public sealed class AttentionVariantTests
{
    private static readonly (int Heads, int KvHeads, int D)[] s_shapes =
    [
        (8, 1, 32), (4, 4, 64), (32, 4, 128), (6, 2, 24), (7, 1, 40), (64, 2, 8), (2, 1, 512), (30, 2, 96), (12, 2, 64), (3, 3, 48),
        (16, 1, 64), (5, 1, 32), (9, 3, 160), (8, 8, 128),
    ];

    /// <summary>All variants; the one that the others are held to has other threads and blocks there.</summary>
    public static TheoryData<string> Variants => [.. CpuDevice.AvailableKernels];

    [Theory]
    [MemberData(nameof(Variants))]
    public void AnyShape_HasTheBitsOfThePortableForm(string kernels)
    {
        using var device = new CpuDevice(new CpuDeviceOptions { Threads = 2, Kernels = kernels });
        using var portable = new CpuDevice(new CpuDeviceOptions { Threads = 1, Kernels = "scalar" });
        DType[] caches = device.KernelChoice.Numerics == NumericsIds.Portable ? [DType.F32, DType.BF16] : [DType.F32];
        var rng = new Rng(61);
        for (var round = 0; round < 4 * s_shapes.Length; round++)
        {
            var (heads, kvHeads, d) = s_shapes[round % s_shapes.Length];
            int[] rows = [rng.Next(1, 70), 1, rng.Next(0, 4), 2];
            int[] keys = [rows[0] + rng.Next(0, 600), rng.Next(1, 1100), rng.Next(4, 130), 65];
            var c = Special(rng, round, AttentionCase.Random(rng, heads, kvHeads, d, rows, keys, amplitude: round % 3 == 0 ? 9f : 2f));
            foreach (var cache in caches)
            {
                c.RunPaged(device, 16 << rng.Next(4), cache, round)
                    .AssertSame(c.RunPaged(portable, 16, cache), $"{kernels}, {cache}, {heads} heads over {kvHeads}, D {d}, round {round}");
            }
        }
    }

    // Bands, a full mask, keys that leave the normal range, values that are not finite in keys that some rows do not see.
    private static AttentionCase Special(Rng rng, int round, AttentionCase c) => (round / s_shapes.Length) switch
    {
        1 => Masked(c, 4, FiaMask.Compressed, pre: rng.Next(3, 200), next: rng.Next(-1, 3)),
        2 => Masked(c, 0, RandomMask(rng, c)),
        3 => c.With(values: [.. c.Values.Select(values => LastKeyInfinite(c, values))]),
        _ => c,
    };

    private static AttentionCase Masked(AttentionCase c, int mode, FiaMask mask, int pre = int.MaxValue, int next = int.MaxValue) => new()
    {
        Heads = c.Heads,
        KvHeads = c.KvHeads,
        D = c.D,
        SparseMode = mode,
        Mask = mask,
        Pre = pre,
        Next = next,
        Queries = c.Queries,
        Keys = c.Keys,
        Values = c.Values,
    };

    private static FiaMask RandomMask(Rng rng, AttentionCase c)
    {
        var (rows, keys) = (Enumerable.Range(0, c.Requests).Max(c.QueryRows), Enumerable.Range(0, c.Requests).Max(c.KeyRows));
        keys = (keys + 15) / 16 * 16;
        return new FiaMask(
            [.. Enumerable.Range(0, c.Requests * rows * keys).Select(_ => (byte)(rng.Next(3) == 0 ? 0 : 1))], c.Requests, 1, rows, keys);
    }

    private static float[] LastKeyInfinite(AttentionCase c, float[] values)
    {
        var copy = (float[])values.Clone();
        copy.AsSpan(copy.Length - (c.KvHeads * c.D)).Fill(float.PositiveInfinity);
        return copy;
    }
}
