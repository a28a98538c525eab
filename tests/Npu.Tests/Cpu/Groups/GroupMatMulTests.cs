using AkkaCp.Npu.Cpu;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Npu.Tests.Cpu.Groups;

/// <summary>Products with weights in groups have exactly the bits that their definition gives, in every kernel variant.</summary>
public sealed class GroupMatMulTests
{
    // Outputs: less than a panel, whole ones, and some more; inputs: one block, several, and rows whose records begin behind a gap.
    private static readonly (int N, int Blocks)[] s_shapes = [(1, 1), (33, 2), (64, 3), (97, 1), (31, 5)];

    /// <summary>Every variant of this machine with every type.</summary>
    public static TheoryData<string, DType> Variants()
    {
        var data = new TheoryData<string, DType>();
        foreach (var kernels in CpuDevice.AvailableKernels)
        {
            foreach (var format in GroupFormat.All)
                data.Add(kernels, format.DType);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void EveryRowCountUpTo13_IsItsDefinition_AtOneToThreeThreads(string kernels, DType dtype)
    {
        var rng = new Rng(61);
        for (var t = 1; t <= 13; t++)
        {
            using var device = new CpuDevice(new CpuDeviceOptions { Threads = 1 + (t % 3), Kernels = kernels });
            var (n, blocks) = s_shapes[t % s_shapes.Length];
            var k = blocks * GroupFormat.Of(dtype)!.BlockInputs;
            var weights = new GroupWeights(dtype, n, k, rng);
            var (x, bias) = (rng.Floats(t * k), t % 2 == 0 ? rng.Floats(n) : null);
            using var matrix = device.CreateMatrix(n, k, dtype);
            matrix.PackGroups(0, weights.Rows(0, n));
            Assert.Equal(Expected(weights, x, bias, t, n, k), Product(device, matrix, x, bias, t));
        }
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void LargestSums_DoNotOverflow(string kernels, DType dtype)
    {
        var (t, n, k) = (7, 40, 512);
        using var device = new CpuDevice(new CpuDeviceOptions { Threads = 1, Kernels = kernels });
        var weights = new GroupWeights(dtype, n, k, new Rng(62)).WithLargestCodes();
        float[] x = [.. Enumerable.Range(0, t * k).Select(i => i / k % 2 == 0 ? 1f : -1f)];
        using var matrix = device.CreateMatrix(n, k, dtype);
        matrix.PackGroups(0, weights.Rows(0, n));
        Assert.Equal(Expected(weights, x, null, t, n, k), Product(device, matrix, x, null, t));
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void RowsOfZerosInfinitiesAndNaN_KeepToThemselves(string kernels, DType dtype)
    {
        var (t, n, k) = (6, 35, 512);
        using var device = new CpuDevice(new CpuDeviceOptions { Threads = 2, Kernels = kernels });
        var rng = new Rng(63);
        var weights = new GroupWeights(dtype, n, k, rng);
        var x = rng.Floats(t * k);
        Array.Clear(x, 0, k);
        x[k + 300] = float.NegativeInfinity;
        x[(2 * k) + 5] = float.NaN;
        Array.Fill(x, float.Epsilon, 3 * k, k);
        using var matrix = device.CreateMatrix(n, k, dtype);
        matrix.PackGroups(0, weights.Rows(0, n));
        var y = Product(device, matrix, x, null, t);
        Assert.Equal(Expected(weights, x, null, t, n, k), y);
        Assert.All(y[..n], value => Assert.Equal(0f, value));
        Assert.All(y[n..(3 * n)], value => Assert.True(float.IsNaN(value)));
        Assert.All(y[(3 * n)..], value => Assert.True(float.IsFinite(value)));
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void SumsOfZeros_HaveTheSignThatTheirDefinitionGives(string kernels, DType dtype)
    {
        var (t, n, k) = (3, 64, 256);
        using var device = new CpuDevice(new CpuDeviceOptions { Threads = 1, Kernels = kernels });
        var weights = new GroupWeights(dtype, n, k, new Rng(66));
        float[] x = new float[t * k], bias = [.. Enumerable.Repeat(-0f, n)];
        using var matrix = device.CreateMatrix(n, k, dtype);
        matrix.PackGroups(0, weights.Rows(0, n));
        var (expected, y) = (Expected(weights, x, bias, t, n, k), Product(device, matrix, x, bias, t));
        Assert.Equal(expected.Select(float.IsNegative), y.Select(float.IsNegative));
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void GatedGroups_AreSwigluOfTheirProducts(string kernels, DType dtype)
    {
        var (tokens, f, k) = (9, 41, 512);
        using var device = new CpuDevice(new CpuDeviceOptions { Threads = 2, Kernels = kernels });
        var rng = new Rng(64);
        GroupWeights[] weights = [new(dtype, 2 * f, k, rng), new(dtype, 2 * f, k, rng)];
        var matrices = weights.Select(_ => device.CreateGatedMatrix(f, k, dtype)).ToArray();
        for (var i = 0; i < matrices.Length; i++)
        {
            // From both ends, in pieces that end nowhere in particular: across gate and up, too.
            matrices[i].PackGroups(50, weights[i].Rows(50, (2 * f) - 50));
            matrices[i].PackGroups(0, weights[i].Rows(0, 7));
            matrices[i].PackGroups(7, weights[i].Rows(7, 43));
        }

        int[] index = [8, 0, 3, 3, 1, 7, 2];
        var x = rng.Floats(tokens * k);
        using var input = new FencedTensor(device.Memory, DType.F32, [tokens, k], gap: 1).Write(x);
        using var y = new FencedTensor(device.Memory, DType.F32, [index.Length, f]);
        device.GroupedMatMulSwiglu(input, index, matrices, [4, index.Length], y);
        y.AssertFence();
        using var both = new FencedTensor(device.Memory, DType.F32, [index.Length, 2 * f]);
        both.Write([.. index.SelectMany((row, r) => Enumerable.Range(0, 2 * f).Select(
            output => weights[r < 4 ? 0 : 1].Product(x.AsSpan(row * k, k), output, 0)))]);
        using var expected = new FencedTensor(device.Memory, DType.F32, [index.Length, f]);
        device.Swiglu(both, expected);
        Assert.Equal(expected.Read(), y.Read());
        foreach (var matrix in matrices)
            matrix.Dispose();
    }

    [Fact]
    public void WhatDoesNotFit_IsRefused()
    {
        using var device = new CpuDevice(new CpuDeviceOptions { Threads = 1 });
        Refused("a multiple of 256", () => device.CreateMatrix(4, 128, DType.Q4K));
        Refused("a multiple of 32", () => device.CreateGatedMatrix(4, 48, DType.Q4));
        using var matrix = device.CreateMatrix(4, 64, DType.Q4M);
        using var plain = device.CreateMatrix(4, 64, DType.BF16);
        var rng = new Rng(65);
        Refused("a type that floats are packed as", () => matrix.Pack(0, new float[64]));
        Refused("a type with groups", () => plain.PackGroups(0, new GroupWeights(DType.Q4, 1, 64, rng).Rows(0, 1)));
        Refused("rows inside 0..3", () => matrix.PackGroups(3, new GroupWeights(DType.Q4M, 2, 64, rng).Rows(0, 2)));
        Refused("4 values", () => matrix.PackGroups(0, new GroupWeights(DType.Q4, 2, 64, rng).Rows(0, 2)));
    }

    [Fact]
    public void Bytes_AreThoseOfTheFormat_AndWholePanels()
    {
        using var device = new CpuDevice(new CpuDeviceOptions { Threads = 1 });
        foreach (var format in GroupFormat.All)
        {
            using var matrix = device.CreateMatrix(320, 1024, format.DType);
            Assert.Equal((long)(320 * 1024 * format.BitsPerWeight / 8), matrix.Bytes);
        }
    }

    private static void Refused(string part, Action action) =>
        Assert.Contains(part, Assert.Throws<NpuShapeException>(action).Message, StringComparison.Ordinal);

    private static float[] Expected(GroupWeights weights, float[] x, float[]? bias, int t, int n, int k) =>
    [
        .. Enumerable.Range(0, t * n).Select(i => weights.Product(x.AsSpan(i / n * k, k), i % n, bias is null ? 0 : bias[i % n])),
    ];

    private static float[] Product(CpuDevice device, PackedMatrix matrix, float[] x, float[]? bias, int t)
    {
        using var input = new FencedTensor(device.Memory, DType.F32, [t, matrix.K], gap: t % 3).Write(x);
        using var output = new FencedTensor(device.Memory, DType.F32, [t, matrix.N], gap: t % 2);
        using var start = new FencedTensor(device.Memory, DType.F32, [matrix.N]).Write(bias ?? new float[matrix.N]);
        device.MatMul(input, matrix, bias is null ? null : start.View, output);
        output.AssertFence();
        return output.Read();
    }
}
