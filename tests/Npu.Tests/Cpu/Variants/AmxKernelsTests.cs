using AkkaCp.Npu.Cpu;
using AkkaCp.Npu.Cpu.Assembled;
using AkkaCp.Npu.Cpu.Products.Kernels;
using AkkaCp.Testing;
using Iced.Intel;
using Xunit;

namespace AkkaCp.Npu.Tests.Cpu.Variants;

/// <summary>
/// Products of a device with AMX kernels have exactly the bits of their arithmetic: on any machine through an interpreter of the assembled
/// bytes, and on one with AMX the same bits from the processor.
/// </summary>
public sealed unsafe class AmxKernelsTests : IDisposable
{
    private readonly AmxInterpreter _bf16 = new(WordProduct.BF16);
    private readonly AmxInterpreter _i8 = new(WordProduct.I8);
    private readonly CpuDevice _device;

    public AmxKernelsTests()
    {
        // F32 products are not asked for: the vectors' tiles are never called, so that they may be anything.
        var unused = new AmxTiles((_, _) => Assert.Fail("a tile of the vectors was called"));
        var blocking = new AssembledBlocking(1 << 20, TileAssembler.MaxRows);
        var integers = new IntegerKernels(new AssembledI8Kernels(unused, blocking), new GroupKernelSet(_ => unused, 1 << 20));
        var vectors = new AssembledKernels(unused, unused, new Lazy<ProductTiles?>(unused), integers, blocking);
        _device = new CpuDevice(
            new CpuDeviceOptions { Threads = 1 }, new AmxKernels(vectors, _bf16.Tiles, _i8.Tiles, 1 << 20), "interpreted");
    }

    /// <summary>The types that AMX multiplies.</summary>
    public static TheoryData<DType> Types() => [DType.BF16, DType.I8];

    public void Dispose() => _device.Dispose();

    [Theory]
    [MemberData(nameof(Types))]
    public void EveryRowCountUpTo70_HasTheBitsOfTheChain(DType dtype)
    {
        var rng = new Rng(31);
        int[] sizes = [1, 2, 3, 16, 31, 33, 63, 65, 97, 129];
        for (var t = 1; t <= 70; t++)
            MatMulTests.AssertChain([_device], dtype, t, sizes[rng.Next(10)], sizes[rng.Next(10)], rng, bias: t % 2 == 0);
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void EveryLengthOfTheSumUpTo140_HasTheBitsOfTheChain(DType dtype)
    {
        var rng = new Rng(32);
        for (var k = 1; k <= 140; k++)
            MatMulTests.AssertChain([_device], dtype, 1 + (k % 3 * 16), 33, k, rng, bias: k % 2 == 0);
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void EveryWidthUpTo161_HasTheBitsOfTheChain(DType dtype)
    {
        var rng = new Rng(33);
        for (var n = 1; n <= 161; n++)
            MatMulTests.AssertChain([_device], dtype, 1 + (n % 2 * 19), n, 35, rng, bias: n % 3 == 0);
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void SumsLongerThanABlock_HaveTheBitsOfTheChain(DType dtype)
    {
        foreach (var (t, n, k) in new[] { (130, 33, 2101), (33, 40, 4107), (5, 70, 9300), (1, 65, 1100) })
            MatMulTests.AssertChain([_device], dtype, t, n, k, new Rng(34), bias: true);
    }

    [Fact]
    public void DenormalsAndHugeValues_HaveTheBitsOfTheChain()
    {
        var rng = new Rng(35);
        float[] scales = [1e-39f, 1e-30f, 1e-20f, 1f, 1e15f];
        float[] x = [.. rng.Floats(20 * 70).Select((v, i) => v * scales[i / 70 % 5])];
        float[] w = [.. rng.Floats(40 * 70).Select((v, i) => v * scales[i / 70 % 5])];
        MatMulTests.AssertChain([_device], DType.BF16, x, w, bias: null, 20, 40, 70, rng);
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void OneRow_HasTheBitsThatItHasAmongMany(DType dtype)
    {
        var rng = new Rng(36);
        var (n, k) = (70, 210);
        var (x, w) = (rng.Floats(45 * k), rng.Floats(n * k));
        using var matrix = _device.CreateMatrix(n, k, dtype);
        matrix.Pack(0, w);
        var all = Product(matrix, x, 45);
        for (var row = 0; row < 45; row++)
            Assert.Equal(all[(row * n)..((row + 1) * n)], Product(matrix, x[(row * k)..((row + 1) * k)], 1));
    }

    [Fact]
    public void TheInstructionsThatRan_AreTheOnesOfTheirType()
    {
        MatMulTests.AssertChain([_device], DType.BF16, 40, 64, 64, new Rng(37), bias: false);
        MatMulTests.AssertChain([_device], DType.I8, 40, 64, 64, new Rng(37), bias: false);

        // 40 rows are tiles of 20, so two tile registers each: 2 tiles × 2 panels × 4 sums, and a step is 32 inputs or 64.
        Assert.Equal((32, 0), (Count(_bf16, Mnemonic.Tdpbf16ps), Count(_bf16, Mnemonic.Tdpbusd)));
        Assert.Equal((0, 16), (Count(_i8, Mnemonic.Tdpbf16ps), Count(_i8, Mnemonic.Tdpbusd)));
        Assert.Equal((4, 4), (Count(_bf16, Mnemonic.Ldtilecfg), Count(_bf16, Mnemonic.Tilerelease)));

        static int Count(AmxInterpreter interpreter, Mnemonic mnemonic) => interpreter.Counts.GetValueOrDefault(mnemonic);
    }

    [Fact]
    public void WhereTheProcessorHasAmx_ItsBitsAreTheInterpreters()
    {
        Assert.SkipWhen(
            !CpuDevice.AvailableKernels.Contains(AmxKernels.VariantName), KernelCatalogue.Machine.Choose(null, "test").Choice.Reason);
        using var native = new CpuDevice(new CpuDeviceOptions { Threads = 1, Kernels = AmxKernels.VariantName });
        var rng = new Rng(38);
        foreach (var (t, n, k) in new[] { (1, 70, 35), (16, 64, 64), (31, 33, 2101), (77, 65, 130) })
        {
            MatMulTests.AssertChain([_device, native], DType.BF16, t, n, k, rng, bias: true);
            MatMulTests.AssertChain([_device, native], DType.I8, t, n, k, rng, bias: true);
        }
    }

    [Theory]
    [InlineData(0, 0UL, null, "the processor has no AMX with BF16 and INT8")]
    [InlineData(1 << 24, AmxSupport.SystemBits, null, "the processor has no AMX with BF16 and INT8")]
    [InlineData(AmxSupport.ProcessorBits, 1UL << 17, null, "the system does not save AMX state (XCR0)")]
    [InlineData(AmxSupport.ProcessorBits, AmxSupport.SystemBits, "Invalid argument",
        "the system refuses AMX tile data (arch_prctl: Invalid argument)")]
    [InlineData(AmxSupport.ProcessorBits, AmxSupport.SystemBits, null, null)]
    public void Support_NeedsProcessorSystemAndPermission(int processor, ulong system, string? denied, string? refusal) =>
        Assert.Equal(refusal, AmxSupport.Judge(processor, system, () => denied));

    private float[] Product(PackedMatrix matrix, float[] x, int t)
    {
        using var input = new FencedTensor(_device.Memory, DType.F32, [t, matrix.K]).Write(x);
        using var output = new FencedTensor(_device.Memory, DType.F32, [t, matrix.N], gap: 1);
        _device.MatMul(input, matrix, null, output);
        output.AssertFence();
        return output.Read();
    }
}
