using AkkaCp.Npu.Cpu;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Npu.Tests.Cpu;

/// <summary>W8A8 products equal the integer reference exactly, in every kernel variant and at every thread count.</summary>
public sealed class QuantMatMulTests
{
    private static readonly (int N, int K)[] s_shapes = [(1, 1), (33, 17), (65, 63), (97, 129), (129, 4099), (31, 257)];

    /// <summary>Every variant of this machine.</summary>
    public static TheoryData<string> Variants() => [.. CpuDevice.AvailableKernels];

    [Theory]
    [MemberData(nameof(Variants))]
    public void EveryRowCountUpTo33_IsTheIntegerReference_AtOneToThreeThreads(string kernels)
    {
        var rng = new Rng(21);
        for (var threads = 1; threads <= 3; threads++)
        {
            using var device = new CpuDevice(new CpuDeviceOptions { Threads = threads, Kernels = kernels });
            for (var t = 1; t <= 33; t++)
            {
                var (n, k) = s_shapes[(t + threads) % s_shapes.Length];
                var (x, w, bias) = (rng.Floats(t * k), rng.Floats(n * k), t % 2 == 0 ? rng.Floats(n) : null);
                Assert.Equal(ProductChain.Compute("", DType.I8, x, w, bias, t, n, k), Product(device, x, w, bias, t, n, k));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void LargestValuesOfOneSign_OverTheLongestSum_DoNotOverflow(string kernels)
    {
        const int K = 133_144;
        using var device = new CpuDevice(new CpuDeviceOptions { Threads = 1, Kernels = kernels });
        float[] x = [.. Enumerable.Repeat(1f, 2 * K)], w = [.. Enumerable.Repeat(1f, 2 * K)];
        Array.Fill(x, -1f, K, K);
        Array.Fill(w, -1f, K, K);
        var y = Product(device, x, w, null, 2, 2, K);
        Assert.Equal(ProductChain.Compute("", DType.I8, x, w, null, 2, 2, K), y);
        Assert.Equal([K, -K, -K, K], y.Select(value => (int)MathF.Round(value)));
        var error = Assert.Throws<NpuShapeException>(() => device.CreateMatrix(2, K + 1, DType.I8));
        Assert.Contains("133144", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void RowsOfZerosInfinitiesAndNaN_KeepToThemselves(string kernels)
    {
        using var device = new CpuDevice(new CpuDeviceOptions { Threads = 2, Kernels = kernels });
        var rng = new Rng(22);
        var (t, n, k) = (5, 40, 37);
        var (x, w, bias) = (rng.Floats(t * k), rng.Floats(n * k), rng.Floats(n));
        Array.Clear(x, 0, k);
        x[k + 3] = float.PositiveInfinity;
        x[(2 * k) + 36] = float.NaN;
        Array.Fill(x, float.Epsilon, 3 * k, k);
        Array.Clear(w, 0, k);
        w[(39 * k) + 1] = float.NegativeInfinity;
        var y = Product(device, x, w, bias, t, n, k);
        Assert.Equal(ProductChain.Compute("", DType.I8, x, w, bias, t, n, k), y);
        Assert.Equal(bias[..39], y[..39]);
        Assert.All(y[n..(3 * n)], value => Assert.True(float.IsNaN(value)));
        Assert.Equal(bias[..39], y[(3 * n)..((3 * n) + 39)]);
        Assert.Equal(bias[0], y[4 * n]);
        Assert.All(Enumerable.Range(0, t), row => Assert.True(float.IsNaN(y[(row * n) + 39])));
    }

    [Fact]
    public void Ties_GoToEven_OnBothSides()
    {
        // With a largest value of 127 the scale is 1: halves are ties, and one output picks out each input.
        float[] x = [127f, 0.5f, 1.5f, 2.5f, -0.5f, -1.5f, -2.5f, 125.5f, 126.5f];
        using var device = new CpuDevice(new CpuDeviceOptions { Threads = 1 });
        var w = new float[81];
        for (var i = 0; i < 9; i++)
            w[(i * 9) + i] = 127f;

        var y = Product(device, x, w, null, 1, 9, 9);
        Assert.Equal([127f, 0f, 2f, 2f, 0f, -2f, -2f, 126f, 126f], y.Select(value => value / 127f));
    }

    [Fact]
    public void RowsPackedOneByOne_AreThoseOfAWholeMatrix_AndTheScaleIsTheRowsOwn()
    {
        using var device = new CpuDevice(new CpuDeviceOptions { Threads = 1 });
        var rng = new Rng(23);
        var (n, k) = (35, 2050);
        var (x, w) = (rng.Floats(k), rng.Floats(n * k));
        for (var i = 0; i < k; i++)
            w[(7 * k) + i] *= 1000f;

        using var matrix = device.CreateMatrix(n, k, DType.I8);
        for (var row = n - 1; row >= 0; row--)
            matrix.Pack(row, w.AsSpan(row * k, k));

        Assert.Equal(Product(device, x, w, null, 1, n, k), Product(device, matrix, x, null, 1, n, k));
    }

    [Theory]
    [InlineData(35, 2050)]
    [InlineData(64, 127)]
    public void RowsPackedAsBytes_AreThoseOfTheFloatsThatTheyCameFrom(int n, int k)
    {
        using var device = new CpuDevice(new CpuDeviceOptions { Threads = 1 });
        var rng = new Rng(24);
        sbyte[] codes = [.. rng.Floats(n * k).Select((value, i) => (sbyte)(i % k == 0 ? 127 : value * 127))];
        float[] scales = [.. Enumerable.Range(1, n).Select(i => i / 64f)];
        using var matrix = device.CreateMatrix(n, k, DType.I8);
        matrix.PackI8(3, codes.AsSpan(3 * k), scales.AsSpan(3));
        matrix.PackI8(0, codes.AsSpan(0, 3 * k), scales.AsSpan(0, 3));
        var (x, w) = (rng.Floats(2 * k), codes.Select((code, i) => code * scales[i / k]).ToArray());
        Assert.Equal(Product(device, x, w, null, 2, n, k), Product(device, matrix, x, null, 2, n, k));
        Assert.Throws<NpuShapeException>(() => matrix.PackI8(0, codes, scales.AsSpan(1)));
    }

    [Fact]
    public void ATensorOfBytes_IsRefused()
    {
        using var memory = new TensorPool();
        Assert.Contains(
            "packed weights", Assert.Throws<NpuShapeException>(() => memory.Rent(DType.I8, 4)).Message, StringComparison.Ordinal);
    }

    private static float[] Product(CpuDevice device, float[] x, float[] w, float[]? bias, int t, int n, int k)
    {
        using var matrix = device.CreateMatrix(n, k, DType.I8);
        matrix.Pack(0, w);
        return Product(device, matrix, x, bias, t, n, k);
    }

    private static float[] Product(CpuDevice device, PackedMatrix matrix, float[] x, float[]? bias, int t, int n, int k)
    {
        using var input = new FencedTensor(device.Memory, DType.F32, [t, k], gap: t % 3).Write(x);
        using var output = new FencedTensor(device.Memory, DType.F32, [t, n], gap: t % 2);
        using var start = new FencedTensor(device.Memory, DType.F32, [n]).Write(bias ?? new float[n]);
        device.MatMul(input, matrix, bias is null ? null : start.View, output);
        output.AssertFence();
        return output.Read();
    }
}
