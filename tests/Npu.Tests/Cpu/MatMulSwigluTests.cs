using AkkaCp.Npu.Cpu;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Npu.Tests.Cpu;

/// <summary>The fused operators have the bits of the product and the activation that they join.</summary>
public sealed class MatMulSwigluTests
{
    /// <summary>Every variant of this machine with every weight type and several thread counts.</summary>
    public static TheoryData<string, DType, int> Variants() => GroupedMatMulTests.Variants();

    [Theory]
    [MemberData(nameof(Variants))]
    public void RandomGroupsReadByIndex_HaveTheBitsOfProductThenSwiglu(string kernels, DType dtype, int threads)
    {
        using var device = new CpuDevice(new CpuDeviceOptions { Threads = threads, Kernels = kernels });
        var rng = new Rng(31);
        for (var round = 0; round < 12; round++)
        {
            var (f, k, tokens) = (rng.Next(1, 100), rng.Next(1, 300), rng.Next(1, 50));
            AssertGroups(device, rng, dtype, f, k, tokens, groups: rng.Next(1, 9), round);
        }
    }

    // Rows enough for several blocks and for rounding x in a pass of its own; K for several passes of every variant.
    [Theory]
    [MemberData(nameof(Variants))]
    public void ManyLongRows_HaveTheBitsOfProductThenSwiglu(string kernels, DType dtype, int threads)
    {
        using var device = new CpuDevice(new CpuDeviceOptions { Threads = threads, Kernels = kernels });
        AssertGroups(device, new Rng(32), dtype, f: 70, k: 2501, tokens: 150, groups: 2, gap: 1);
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void EveryRowCountUpTo33_HasTheBitsOfProductThenSwiglu(string kernels, DType dtype, int threads)
    {
        using var device = new CpuDevice(new CpuDeviceOptions { Threads = threads, Kernels = kernels });
        var rng = new Rng(33);
        for (var t = 0; t <= 33; t++)
        {
            var (f, k) = (1 + (t * 5 % 67), 1 + (t * 29 % 131));
            var w = rng.Floats(2 * f * k);
            using var gated = Pack(device.CreateGatedMatrix(f, k, dtype), w);
            using var plain = Pack(device.CreateMatrix(2 * f, k, dtype), w);
            using var x = new FencedTensor(device.Memory, DType.F32, [t, k], gap: t % 3).Write(rng.Floats(t * k));
            using var y = new FencedTensor(device.Memory, DType.F32, [t, f], gap: t % 2);
            device.MatMulSwiglu(x, gated, y);
            y.AssertFence();
            for (var row = 0; row < t; row++)
                Assert.Equal(Composed(device, x.View.Slice(row, 1), plain, f), y.View.RowF32(row).ToArray());
        }
    }

    // 8 MiB of results go past the caches, with whole lines and without.
    [Theory]
    [InlineData(DType.F32, 0)]
    [InlineData(DType.F32, 1)]
    [InlineData(DType.BF16, 0)]
    [InlineData(DType.I8, 0)]
    public void ResultsLargerThanTheCaches_HaveTheBitsOfSmallOnes(DType dtype, int gap)
    {
        using var device = new CpuDevice(new CpuDeviceOptions { Threads = 3 });
        var rng = new Rng(34);
        var (t, n, k) = (1030, 2064, 9);
        using var w = Pack(device.CreateMatrix(n, k, dtype), rng.Floats(n * k));
        using var gated = Pack(device.CreateGatedMatrix(n, k, dtype), rng.Floats(2 * n * k));
        using var x = new FencedTensor(device.Memory, DType.F32, [t, k]).Write(rng.Floats(t * k));
        using var y = new FencedTensor(device.Memory, DType.F32, [t, n], gap);
        using var small = device.Memory.Rent(DType.F32, 30, n);
        device.MatMul(x, w, null, y);
        y.AssertFence();
        AssertSlices(t, y, start => device.MatMul(x.View.Slice(start, 30), w, null, small), small);
        device.MatMulSwiglu(x, gated, y);
        y.AssertFence();
        AssertSlices(t, y, start => device.MatMulSwiglu(x.View.Slice(start, 30), gated, small), small);
    }

    [Fact]
    public void WrongArguments_AreRefused()
    {
        using var device = new CpuDevice(new CpuDeviceOptions { Threads = 1 });
        using var gated = device.CreateGatedMatrix(6, 4, DType.F32);
        using var plain = device.CreateMatrix(12, 4, DType.F32);
        using var x = new FencedTensor(device.Memory, DType.F32, [3, 4]).Write(new float[12]);
        using var y = new FencedTensor(device.Memory, DType.F32, [2, 6]);
        using var wide = new FencedTensor(device.Memory, DType.F32, [2, 12]);
        Assert.Equal((12, 4), (gated.N, gated.K));
        Refused("shape", () => device.CreateGatedMatrix(0, 4, DType.F32));
        Refused("w", () => device.MatMulSwiglu(x.View.Slice(0, 2), plain, y));
        Refused("w", () => device.MatMul(x.View.Slice(0, 2), gated, null, wide));
        Refused("w", () => device.GroupedMatMul(x.View.Slice(0, 2), [gated], [2], wide));
        Refused("w", () => device.GroupedMatMulSwiglu(x, [0, 1], [gated, plain], [1, 2], y));
        Refused("y", () => device.MatMulSwiglu(x, gated, y));
        Refused("y", () => device.GroupedMatMulSwiglu(x, [0, 1, 2], [gated], [3], y));
        Refused("y", () => device.MatMulSwiglu(x.View.Slice(0, 2), gated, wide));
        Refused("rowIndex[1]", () => device.GroupedMatMulSwiglu(x, [0, 3], [gated], [2], y));
        Refused("rowIndex[0]", () => device.GroupedMatMulSwiglu(x, [-1, 0], [gated], [2], y));
        Refused("groupList", () => device.GroupedMatMulSwiglu(x, [0, 1], [gated], [3], y));
        y.AssertFence();
    }

    private static void AssertGroups(CpuDevice device, Rng rng, DType dtype, int f, int k, int tokens, int groups, int gap)
    {
        int[] counts = [.. Enumerable.Range(0, groups).Select(_ => rng.Next(4) == 0 ? 0 : rng.Next(1, 2 * tokens))];
        for (var g = 1; g < groups; g++)
            counts[g] += counts[g - 1];

        int[] index = [.. Enumerable.Range(0, counts[^1]).Select(_ => rng.Next(tokens))];
        float[][] w = [.. Enumerable.Range(0, groups).Select(_ => rng.Floats(2 * f * k))];
        PackedMatrix[] gated = [.. w.Select(values => Pack(device.CreateGatedMatrix(f, k, dtype), values))];
        PackedMatrix[] plain = [.. w.Select(values => Pack(device.CreateMatrix(2 * f, k, dtype), values))];
        using var x = new FencedTensor(device.Memory, DType.F32, [tokens, k], gap % 3).Write(rng.Floats(tokens * k));
        using var y = new FencedTensor(device.Memory, DType.F32, [index.Length, f], gap % 2);
        device.GroupedMatMulSwiglu(x, index, gated, counts, y);
        y.AssertFence();
        for (int g = 0, row = 0; g < groups; g++)
        {
            for (; row < counts[g]; row++)
                Assert.Equal(Composed(device, x.View.Slice(index[row], 1), plain[g], f), y.View.RowF32(row).ToArray());
        }

        Array.ForEach([.. gated, .. plain], matrix => matrix.Dispose());
    }

    private static float[] Composed(CpuDevice device, TensorView x, PackedMatrix w, int f)
    {
        using var both = device.Memory.Rent(DType.F32, 1, 2 * f);
        using var y = device.Memory.Rent(DType.F32, 1, f);
        device.MatMul(x, w, null, both);
        device.Swiglu(both, y);
        return y.View.RowF32(0).ToArray();
    }

    private static void AssertSlices(int rows, TensorView y, Action<int> product, TensorView small)
    {
        for (var start = 0; start + small.Rows <= rows; start += 200)
        {
            product(start);
            for (var row = 0; row < small.Rows; row++)
                Assert.True(small.RowF32(row).SequenceEqual(y.RowF32(start + row)), $"row {start + row}");
        }
    }

    private static PackedMatrix Pack(PackedMatrix matrix, float[] values)
    {
        matrix.Pack(0, values);
        return matrix;
    }

    private static void Refused(string argument, Action call) => Assert.Equal(argument, Assert.Throws<NpuShapeException>(call).Argument);
}
