using AkkaCp.Npu.Cpu;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Npu.Tests.Cpu;

/// <summary>In every kernel variant, each element of a product has exactly the bits of the variant's one chain with k rising.</summary>
public sealed class MatMulTests : IDisposable
{
    private static readonly int[] s_sizes = [1, 2, 3, 12, 16, 31, 32, 33, 48, 63, 65, 127, 129, 160];
    private readonly Dictionary<string, CpuDevice[]> _devices = [];

    /// <summary>Every variant of this machine with every weight type.</summary>
    public static TheoryData<string, DType> Variants() =>
        [.. from kernels in CpuDevice.AvailableKernels from dtype in RowTypes.All select (kernels, dtype)];

    public void Dispose()
    {
        foreach (var device in _devices.Values.SelectMany(devices => devices))
        {
            Assert.Equal(0, device.Memory.LiveTensors);
            Assert.Equal(0, device.WeightBytes);
            device.Dispose();
        }
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void EveryRowCountUpTo45_HasTheBitsOfTheChain(string kernels, DType dtype)
    {
        var rng = new Rng(1);
        for (var t = 1; t <= 45; t++)
        {
            var device = Devices(kernels)[t % 3];
            AssertChain([device], dtype, t, s_sizes[rng.Next(s_sizes.Length)], s_sizes[rng.Next(s_sizes.Length)], rng, bias: t % 2 == 0);
        }
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void EveryWidthUpTo257_HasTheBitsOfTheChain(string kernels, DType dtype)
    {
        var rng = new Rng(2);
        for (var n = 1; n <= 257; n++)
            AssertChain([Devices(kernels)[n % 3]], dtype, 1 + (n % 2 * 4), n, 17, rng, bias: n % 3 == 0);
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void EveryLengthOfTheSumUpTo257_HasTheBitsOfTheChain(string kernels, DType dtype)
    {
        var rng = new Rng(3);
        for (var k = 1; k <= 257; k++)
            AssertChain([Devices(kernels)[k % 3]], dtype, 1 + (k % 2 * 12), 33, k, rng, bias: false);
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void SumsLongerThanABlock_HaveTheBitsOfTheChain(string kernels, DType dtype)
    {
        foreach (var (t, n, k) in new[] { (200, 48, 800), (301, 33, 2101), (5, 33, 9300), (14, 33, 19001), (1, 161, 1100) })
            AssertChain(Devices(kernels), dtype, t, n, k, new Rng(4), bias: true);
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void DenormalsAndHugeValues_HaveTheBitsOfTheChain(string kernels, DType dtype)
    {
        var rng = new Rng(5);
        float[] scales = [1e-39f, 1e-30f, 1e-20f, 1f, 1e15f];
        var (t, n, k) = (15, 40, 30);
        var x = rng.Floats(t * k);
        var w = rng.Floats(n * k);
        for (var i = 0; i < x.Length; i++)
            x[i] *= scales[i / k % 5];

        for (var i = 0; i < w.Length; i++)
            w[i] *= scales[i / k % 5];

        AssertChain(Devices(kernels), dtype, x, w, bias: null, t, n, k, rng);
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void ANaNInOneRow_StaysInThatRow(string kernels, DType dtype)
    {
        var device = Devices(kernels)[1];
        var rng = new Rng(6);
        var (t, n, k) = (9, 33, 21);
        var x = rng.Floats(t * k);
        x[(4 * k) + 20] = float.NaN;
        using var matrix = device.CreateMatrix(n, k, dtype);
        matrix.Pack(0, rng.Floats(n * k));
        using var input = new FencedTensor(device.Memory, DType.F32, [t, k]).Write(x);
        using var output = new FencedTensor(device.Memory, DType.F32, [t, n]);
        device.MatMul(input, matrix, null, output);
        var y = output.Read();
        Assert.All(Enumerable.Range(0, t * n), i => Assert.Equal(i / n == 4, float.IsNaN(y[i])));
    }

    private CpuDevice[] Devices(string kernels)
    {
        if (!_devices.TryGetValue(kernels, out var devices))
        {
            devices = [.. Enumerable.Range(1, 3).Select(n => new CpuDevice(new CpuDeviceOptions { Threads = n, Kernels = kernels }))];
            _devices.Add(kernels, devices);
        }

        return devices;
    }

    internal static void AssertChain(CpuDevice[] devices, DType dtype, int t, int n, int k, Rng rng, bool bias) =>
        AssertChain(devices, dtype, rng.Floats(t * k), rng.Floats(n * k), bias ? rng.Floats(n) : null, t, n, k, rng);

    internal static void AssertChain(
        CpuDevice[] devices, DType dtype, float[] x, float[] w, float[]? bias, int t, int n, int k, Rng rng)
    {
        var expected = ProductChain.Compute(devices[0].KernelChoice.Numerics, dtype, x, w, bias, t, n, k);
        foreach (var device in devices)
        {
            using var matrix = device.CreateMatrix(n, k, dtype);
            matrix.Pack(0, w);
            using var input = new FencedTensor(device.Memory, DType.F32, [t, k], gap: rng.Next(3)).Write(x);
            using var output = new FencedTensor(device.Memory, DType.F32, [t, n], gap: rng.Next(3));
            using var start = new FencedTensor(device.Memory, DType.F32, [n]).Write(bias ?? new float[n]);
            device.MatMul(input, matrix, bias is null ? null : start.View, output);
            output.AssertFence();
            Assert.Equal(expected, output.Read());
        }
    }
}
