using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using AkkaCp.Npu.Cpu;
using AkkaCp.Npu.Cpu.Products.Kernels;
using AkkaCp.Npu.Cpu.Simd;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Npu.Tests.Cpu;

/// <summary>eng/test-simd.sh runs the suite once per instruction set; these tests prove that it did, and that bits stay the same.</summary>
public sealed class InstructionSetTests
{
    /// <summary>The variable that names the level a run expects.</summary>
    public const string Variable = "AKKACP_EXPECT_SIMD";

    [Fact]
    public void InstructionSet_IsTheOneThatTheRunAsksFor_OrElseTheWidestOfTheMachine()
    {
        var asked = Environment.GetEnvironmentVariable(Variable);
        Assert.Contains(CpuDevice.InstructionSet, string.IsNullOrEmpty(asked) ? Widest() : [asked]);

        // The runtime leaves 512-bit vectors alone on processors that slow down with them.
        static string[] Widest() => Avx512F.IsSupported ? ["avx512", "vector256"] : Avx2.IsSupported ? ["vector256"]
            : Vector128.IsHardwareAccelerated ? ["vector128"] : ["scalar"];
    }

    [Fact]
    public void Kernels_WhenTheVariableForcesThem_RanTheProduct()
    {
        var forced = Environment.GetEnvironmentVariable("AKKACP_KERNELS");
        Assert.SkipWhen(string.IsNullOrEmpty(forced), "AKKACP_KERNELS is not set");
        using var device = new CpuDevice(new CpuDeviceOptions { Threads = 1 });
        Assert.Equal(forced, device.KernelChoice.Name);
        AssertArithmetic(device);
    }

    [Fact]
    public void Kernels_WithAvx2ButWithoutAvx512_AreTheAssembledOnes()
    {
        var forced = Environment.GetEnvironmentVariable("AKKACP_KERNELS");
        Assert.SkipWhen(!string.IsNullOrEmpty(forced), "AKKACP_KERNELS is set");
        Assert.SkipWhen(!OperatingSystem.IsLinux() || !Avx2.IsSupported || !Fma.IsSupported, "no AVX2 and FMA, or not Linux");
        Assert.SkipWhen(Avx512F.IsSupported, "the processor has AVX-512, and the runtime uses it");
        Assert.Equal("avx2", CpuDevice.DefaultKernels.Name);
    }

    [Fact]
    public void Kernels_OfEveryVariant_LeaveTheBitsOfTheirOwnArithmetic()
    {
        foreach (var kernels in CpuDevice.AvailableKernels)
        {
            using var device = new CpuDevice(new CpuDeviceOptions { Threads = 1, Kernels = kernels });
            AssertArithmetic(device);
        }
    }

    // BF16 products tell the arithmetics apart: the bits are the device's own, and those of no other.
    private static void AssertArithmetic(CpuDevice device)
    {
        string[] arithmetics = [NumericsIds.Portable, NumericsIds.PairsBF16, NumericsIds.TilesBF16];
        var rng = new Rng(98);
        var (x, w) = (rng.Floats(5 * 64), rng.Floats(40 * 64));
        using var input = new FencedTensor(device.Memory, DType.F32, [5, 64]).Write(x);
        using var y = new FencedTensor(device.Memory, DType.F32, [5, 40]);
        using var matrix = device.CreateMatrix(40, 64, DType.BF16);
        matrix.Pack(0, w);
        device.MatMul(input, matrix, null, y);
        var same = arithmetics.Where(id => ProductChain.Compute(id, DType.BF16, x, w, null, 5, 40, 64).SequenceEqual(y.Read()));
        Assert.Equal([device.KernelChoice.Numerics], same);
    }

    [Fact]
    public void Results_OnEveryInstructionSet_HaveTheSameBits()
    {
        using var device = new CpuDevice(new CpuDeviceOptions { Threads = 2, Kernels = CpuDevice.InstructionSet });
        var rng = new Rng(99);
        using var x = new FencedTensor(device.Memory, DType.F32, [7, 75]).Write(rng.Floats(7 * 75));
        using var gamma = new FencedTensor(device.Memory, DType.F32, [75]).Write(rng.Floats(75));
        using var normed = new FencedTensor(device.Memory, DType.F32, [7, 75]);
        using var product = new FencedTensor(device.Memory, DType.F32, [7, 70]);
        using var y = new FencedTensor(device.Memory, DType.F32, [7, 35]);
        using var w = device.CreateMatrix(70, 75, DType.BF16);
        w.Pack(0, rng.Floats(70 * 75, 5f));
        device.RmsNorm(x, gamma, 1e-6f, normed);
        device.MatMul(normed, w, null, product);
        device.Swiglu(product, y);
        Assert.Equal("ace6b6478f7c6035", Hash(y.Read()));
    }

    [Theory]
    [InlineData(1.0f, 0x3F80)]
    [InlineData(1.00390625f, 0x3F80)]
    [InlineData(1.01171875f, 0x3F82)]
    [InlineData(float.NaN, 0x7FC0)]
    [InlineData(float.MaxValue, 0x7F80)]
    public void BF16_OfTiesAndExtremes_RoundsToNearestEven(float value, int expected) =>
        Assert.Equal(expected, BF16.FromSingle(value) & 0x7FFF);

    // FNV-1a over the bits.
    private static string Hash(float[] values)
    {
        var hash = 14695981039346656037UL;
        foreach (var value in values)
            hash = (hash ^ BitConverter.SingleToUInt32Bits(value)) * 1099511628211UL;

        return hash.ToString("x16", System.Globalization.CultureInfo.InvariantCulture);
    }
}
