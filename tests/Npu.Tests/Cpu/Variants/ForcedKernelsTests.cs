using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using AkkaCp.Npu.Cpu;
using AkkaCp.Npu.Cpu.Assembled;
using AkkaCp.Npu.Cpu.Products.Kernels;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Npu.Tests.Cpu.Variants;

/// <summary>
/// A variant that is named for its assembled code runs that code and no other: with code that does nothing but return, nothing is computed.
/// No instruction of the variant is executed, so that each can be tried on every x86-64 machine.
/// </summary>
public sealed unsafe class ForcedKernelsTests
{
    private const float Untouched = 12345f;

    private static readonly CpuFeatures s_all = new()
    {
        Avx512 = true,
        Avx512BF16 = true,
        Avx512Vnni = true,
        Avx2 = true,
        AvxVnni = true,
        NoAmx = null,
        L2Bytes = 1 << 20,
    };

    [Theory]
    [InlineData("amx", DType.F32)]
    [InlineData("amx", DType.BF16)]
    [InlineData("amx", DType.I8)]
    [InlineData("bf16-avx512", DType.F32)]
    [InlineData("bf16-avx512", DType.BF16)]
    [InlineData("bf16-avx512", DType.I8)]
    [InlineData("vnni-avx512", DType.I8)]
    [InlineData("avx2", DType.F32)]
    [InlineData("avx2", DType.BF16)]
    [InlineData("avx2", DType.I8)]
    public void WithCodeThatOnlyReturns_NothingIsComputed(string kernels, DType dtype)
    {
        Assert.SkipWhen(RuntimeInformation.ProcessArchitecture != Architecture.X64 || !OperatingSystem.IsLinux(), "not x86-64 Linux");
        var (variant, _) = new KernelCatalogue(s_all, new ReturnsOnly()).Choose(kernels, "test");
        foreach (var rows in new[] { 1, 5, 40 })
        {
            // Integer sums stay the zeros of a fresh scratch; tiles of the other types write y themselves.
            var y = Product(variant, dtype, rows);
            Assert.All(y, value => Assert.Equal(dtype == DType.I8 ? 0f : Untouched, value));
        }
    }

    [Fact]
    public void WithPortableKernels_TheSameTestSeesAProduct()
    {
        var (variant, _) = new KernelCatalogue(s_all, new ReturnsOnly()).Choose("scalar", "test");
        Assert.DoesNotContain(Product(variant, DType.F32, 5), value => value is 0f or Untouched);
    }

    private static float[] Product(KernelVariant variant, DType dtype, int rows)
    {
        using var device = new CpuDevice(new CpuDeviceOptions { Threads = 1 }, variant, "test");
        var rng = new Rng(41);
        using var w = device.CreateMatrix(64, 70, dtype);
        w.Pack(0, rng.Floats(64 * 70));
        using var x = new FencedTensor(device.Memory, DType.F32, [rows, 70]).Write(rng.Floats(rows * 70));
        using var y = new FencedTensor(device.Memory, DType.F32, [rows, 64]).Write([.. Enumerable.Repeat(Untouched, rows * 64)]);
        device.MatMul(x, w, null, y);
        return y.Read();
    }

    /// <summary>Executable pages on which every byte is the instruction "return".</summary>
    private sealed class ReturnsOnly : ICodeMemory
    {
        public bool TryMap(ReadOnlySpan<byte> code, out byte* address, [NotNullWhen(false)] out string? refusal)
        {
            var returns = new byte[code.Length];
            Array.Fill(returns, (byte)0xC3);
            return new LinuxCodeMemory().TryMap(returns, out address, out refusal);
        }
    }
}
