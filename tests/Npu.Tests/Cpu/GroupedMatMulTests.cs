using AkkaCp.Npu.Cpu;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Npu.Tests.Cpu;

/// <summary>Bits of a row depend on the row and its matrix alone.</summary>
public sealed class GroupedMatMulTests
{
    /// <summary>Every variant of this machine with every weight type and several thread counts.</summary>
    public static TheoryData<string, DType, int> Variants() =>
        [.. from kernels in CpuDevice.AvailableKernels
            from dtype in RowTypes.All
            from threads in (int[])[1, 3]
            select (kernels, dtype, threads)];

    [Theory]
    [MemberData(nameof(Variants))]
    public void RandomGroups_HaveTheBitsOfRowByRowMatMul(string kernels, DType dtype, int threads)
    {
        using var device = new CpuDevice(new CpuDeviceOptions { Threads = threads, Kernels = kernels });
        var rng = new Rng(11);
        for (var round = 0; round < 12; round++)
        {
            var (n, k, groups) = (rng.Next(1, 100), rng.Next(1, 400), rng.Next(1, 9));
            var (counts, rows) = RandomGroups(rng, groups);
            var w = RandomMatrices(device, rng, groups, n, k, dtype);
            using var x = new FencedTensor(device.Memory, DType.F32, [rows, k], gap: round % 3).Write(rng.Floats(rows * k));
            using var y = new FencedTensor(device.Memory, DType.F32, [rows, n], gap: round % 2);
            device.GroupedMatMul(x, w, counts, y);
            y.AssertFence();
            AssertRowByRow(device, x, w, counts, y, n);
            Array.ForEach(w, matrix => matrix.Dispose());
        }
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void ColumnsSplitOverRanks_HaveTheBitsOfTheWholeProduct(string kernels, DType dtype, int threads)
    {
        using var device = new CpuDevice(new CpuDeviceOptions { Threads = threads, Kernels = kernels });
        var rng = new Rng(12);
        var (t, n, k) = (25, 100, 333);
        var w = rng.Floats(n * k);
        using var x = new FencedTensor(device.Memory, DType.F32, [t, k]).Write(rng.Floats(t * k));
        using var whole = Product(device, dtype, x, w, n, k);
        foreach (var cut in new[] { 1, 12, 31, 48, 99 })
        {
            using var left = Product(device, dtype, x, w.AsSpan(0, cut * k), cut, k);
            using var right = Product(device, dtype, x, w.AsSpan(cut * k), n - cut, k);
            for (var row = 0; row < t; row++)
            {
                Assert.True(whole.View.RowF32(row)[..cut].SequenceEqual(left.View.RowF32(row)));
                Assert.True(whole.View.RowF32(row)[cut..].SequenceEqual(right.View.RowF32(row)));
            }
        }
    }

    [Fact]
    public void AMatrixPackedForOtherKernels_IsRefused()
    {
        Assert.SkipWhen(!CpuDevice.AvailableKernels.Contains("bf16-avx512"), "one layout only on this machine");
        using var device = new CpuDevice(new CpuDeviceOptions { Threads = 1, Kernels = "bf16-avx512" });
        using var other = new CpuDevice(new CpuDeviceOptions { Threads = 1, Kernels = "scalar" });
        using var x = new FencedTensor(device.Memory, DType.F32, [2, 8]).Write(new float[16]);
        using var y = new FencedTensor(device.Memory, DType.F32, [2, 40]);
        using var w = other.CreateMatrix(40, 8, DType.BF16);
        using var same = other.CreateMatrix(40, 8, DType.F32);
        same.Pack(0, new float[40 * 8]);
        device.MatMul(x, same, null, y);
        var error = Assert.Throws<NpuShapeException>(() => device.GroupedMatMul(x, [w], [2], y));
        Assert.Contains("Pairs", error.Message, StringComparison.Ordinal);
        Assert.Contains("Halves", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void NoRowsAtAll_WritesNothing()
    {
        using var device = new CpuDevice(new CpuDeviceOptions { Threads = 2 });
        using var w = device.CreateMatrix(40, 8, DType.F32);
        using var x = new FencedTensor(device.Memory, DType.F32, [0, 8]);
        using var y = new FencedTensor(device.Memory, DType.F32, [0, 40]);
        device.GroupedMatMul(x, [w, w], [0, 0], y);
        device.MatMul(x, w, null, y);
        y.AssertFence();
    }

    private static (int[] Counts, int Rows) RandomGroups(Rng rng, int groups)
    {
        var (counts, rows) = (new int[groups], 0);
        for (var g = 0; g < groups; g++)
            counts[g] = rows += rng.Next(3) switch { 0 => 0, 1 => rng.Next(1, 4), _ => rng.Next(1, 40) };

        return (counts, rows);
    }

    private static PackedMatrix[] RandomMatrices(CpuDevice device, Rng rng, int count, int n, int k, DType dtype)
    {
        var matrices = new PackedMatrix[count];
        for (var g = 0; g < count; g++)
        {
            matrices[g] = device.CreateMatrix(n, k, dtype);
            matrices[g].Pack(0, rng.Floats(n * k));
        }

        return matrices;
    }

    private static void AssertRowByRow(CpuDevice device, TensorView x, PackedMatrix[] w, int[] counts, TensorView y, int n)
    {
        using var one = device.Memory.Rent(DType.F32, 1, n);
        for (int g = 0, row = 0; g < w.Length; g++)
        {
            for (; row < counts[g]; row++)
            {
                device.MatMul(x.Slice(row, 1), w[g], null, one);
                Assert.True(y.RowF32(row).SequenceEqual(one.View.RowF32(0)), $"row {row} of group {g}");
            }
        }
    }

    private static Tensor Product(CpuDevice device, DType dtype, TensorView x, ReadOnlySpan<float> w, int n, int k)
    {
        using var matrix = device.CreateMatrix(n, k, dtype);
        matrix.Pack(0, w);
        var y = device.Memory.Rent(DType.F32, x.Rows, n);
        device.MatMul(x, matrix, null, y);
        return y;
    }
}
