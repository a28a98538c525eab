using System.Runtime.Intrinsics;
using AkkaCp.Npu.Cpu;
using AkkaCp.Npu.Cpu.Assembled;
using AkkaCp.Npu.Cpu.Products.Kernels;
using Xunit;

namespace AkkaCp.Npu.Tests.Cpu.Variants;

/// <summary>The best kernels are chosen, a name forces others, and a machine that refuses code falls back and says so.</summary>
public sealed unsafe class KernelCatalogueTests
{
    private static readonly CpuFeatures s_none = new()
    {
        Avx512 = false,
        Avx512BF16 = false,
        Avx512Vnni = false,
        Avx2 = false,
        AvxVnni = false,
        NoAmx = "no AMX in this test",
        L2Bytes = 1 << 20,
    };

    private static readonly CpuFeatures s_avx2 = s_none with { Avx2 = true, AvxVnni = true };
    private static readonly CpuFeatures s_bf16 = s_avx2 with { Avx512 = true, Avx512BF16 = true, Avx512Vnni = true };
    private static readonly CpuFeatures s_amx = s_bf16 with { NoAmx = null };

    [Fact]
    public void WithoutAName_TheBestIsChosen()
    {
        var catalogue = new KernelCatalogue(s_bf16, new HeapMemory());
        var (variant, choice) = catalogue.Choose(null, "test");
        Assert.Equal("bf16-avx512", variant.Name);
        Assert.Equal(("bf16-avx512", NumericsIds.PairsBF16), (choice.Name, choice.Numerics));
        Assert.StartsWith("best of this machine", choice.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void WhereAmxCanBeUsed_ItComesFirst()
    {
        var (variant, choice) = new KernelCatalogue(s_amx, new HeapMemory()).Choose(null, "test");
        Assert.Equal(("amx", NumericsIds.TilesBF16), (variant.Name, choice.Numerics));
        Assert.StartsWith("best of this machine", choice.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain("no amx", choice.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void WhereAmxCannotBeUsed_TheReasonTells()
    {
        var (_, choice) = new KernelCatalogue(s_bf16, new HeapMemory()).Choose(null, "test");
        Assert.Contains("no amx: no AMX in this test", choice.Reason, StringComparison.Ordinal);
        (_, choice) = new KernelCatalogue(s_amx with { Avx512BF16 = false }, new HeapMemory()).Choose(null, "test");
        Assert.Contains("no amx: it needs bf16-avx512", choice.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void AmongVectorsOf256Bits_TheAssembledOnesComeFirst()
    {
        foreach (var cpu in new[] { s_avx2, s_bf16 })
        {
            var names = new KernelCatalogue(cpu, new HeapMemory()).Available.Select(v => v.Name).SkipWhile(name => name != "avx2").ToList();
            string[] after = ["avx2", "vector256", "vector128", "scalar"];
            Assert.Equal(after.Where(name => name is "avx2" or "scalar" || IsAccelerated(name)), names);
        }

        Assert.DoesNotContain(new KernelCatalogue(s_none, new HeapMemory()).Available, v => v.Name == "avx2");

        static bool IsAccelerated(string name) => name == "vector256" ? Vector256.IsHardwareAccelerated : Vector128.IsHardwareAccelerated;
    }

    [Fact]
    public void WithoutAvx512_Avx2IsTheBest_UnlessTheRuntimeHas512BitVectors()
    {
        var (variant, choice) = new KernelCatalogue(s_avx2, new HeapMemory()).Choose(null, "test");
        Assert.Equal(Vector512.IsHardwareAccelerated ? "avx512" : "avx2", variant.Name);
        Assert.Equal(NumericsIds.Portable, choice.Numerics);
    }

    [Fact]
    public void Avx2_SplitsXForBytes_WhereThereIsNoVnni()
    {
        foreach (var hasVnni in (bool[])[true, false])
        {
            var cpu = s_avx2 with { AvxVnni = hasVnni };
            var kernels = new KernelCatalogue(cpu, new HeapMemory()).Choose("avx2", "test").Variant.Integers.I8;
            Assert.Equal(hasVnni, Assert.IsType<AssembledI8Kernels>(kernels).IsDot);
            Assert.Equal(!hasVnni, kernels.SplitsX);
        }
    }

    [Fact]
    public void AName_ForcesThatVariant()
    {
        var catalogue = new KernelCatalogue(s_bf16, new HeapMemory());
        foreach (var available in catalogue.Available)
        {
            var (variant, choice) = catalogue.Choose(available.Name, "AKKACP_KERNELS");
            Assert.Same(available, variant);
            Assert.Equal(new KernelChoice(available.Name, "forced by AKKACP_KERNELS", available.Numerics), choice);
        }
    }

    [Fact]
    public void WhereExecutableMemoryIsRefused_PortableKernelsRunAndTheReasonTells()
    {
        var catalogue = new KernelCatalogue(s_bf16, new HeapMemory { Refusal = "no pages today" });
        var (variant, choice) = catalogue.Choose(null, "test");
        Assert.Equal(CpuDevice.InstructionSet, variant.Name);
        Assert.Equal(NumericsIds.Portable, choice.Numerics);
        Assert.Contains("no bf16-avx512: no pages today", choice.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void WhereTheProcessorLacksIt_ForcingItIsRefusedWithTheReasonAndWhatThereIs()
    {
        var catalogue = new KernelCatalogue(s_none, new HeapMemory());
        var error = Assert.Throws<KernelsUnavailableException>(() => catalogue.Choose("bf16-avx512", "AKKACP_KERNELS"));
        Assert.Equal(
            "AKKACP_KERNELS=bf16-avx512: no AVX-512, or the runtime was told not to use it. Available here: "
            + string.Join(", ", catalogue.Available.Select(v => v.Name)) + ".", error.Message);
    }

    [Fact]
    public void WithVnniButNoBF16_BytesAreAssembledAndTheRestIsPortable()
    {
        var (variant, choice) = new KernelCatalogue(s_bf16 with { Avx512BF16 = false }, new HeapMemory()).Choose(null, "test");
        Assert.Equal(("vnni-avx512", NumericsIds.Portable), (variant.Name, choice.Numerics));
        Assert.IsType<AssembledI8Kernels>(variant.Integers.I8);
        Assert.Contains("no bf16-avx512: the processor has no AVX-512 BF16", choice.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void BothAssembledVariants_MultiplyBytesByTheSameTiles_AndTheOthersByTheirOwn()
    {
        var available = new KernelCatalogue(s_bf16, new HeapMemory()).Available
            .ToDictionary(variant => variant.Name, variant => variant.Integers.I8);
        Assert.Same(available["bf16-avx512"], available["vnni-avx512"]);
        Assert.IsType<AssembledI8Kernels>(available["bf16-avx512"]);
        Assert.All(available, pair => Assert.Equal(pair.Key is "bf16-avx512" or "vnni-avx512" or "avx2", pair.Value is AssembledI8Kernels));
    }

    [Fact]
    public void AnUnknownName_IsRefusedWithWhatThereIs()
    {
        var error = Assert.Throws<KernelsUnavailableException>(() => new CpuDevice(new CpuDeviceOptions { Kernels = "avx1024" }));
        Assert.StartsWith("Kernels=avx1024: there are no kernels of that name", error.Message, StringComparison.Ordinal);
        foreach (var name in new[] { "amx", "bf16-avx512", "vnni-avx512", "avx512", "avx2", "vector256", "vector128", "scalar" })
            Assert.Contains($" {name}", error.Message, StringComparison.Ordinal);

        Assert.EndsWith("scalar.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ADevice_TellsWhichKernelsItRunsOn()
    {
        foreach (var kernels in CpuDevice.AvailableKernels)
        {
            using var device = new CpuDevice(new CpuDeviceOptions { Threads = 1, Name = "npu", Kernels = kernels });
            Assert.Equal($"npu ({kernels}, 1 threads)", device.Name);
            Assert.Equal(kernels, device.KernelChoice.Name);
            Assert.Equal("forced by Kernels", device.KernelChoice.Reason);
        }
    }

    [Theory]
    [InlineData(256 << 10, 56)]
    [InlineData(1 << 20, 126)]
    [InlineData(2 << 20, 252)]
    [InlineData(64 << 20, 336)]
    public void Blocks_FitHalfOfL2_InWholeTiles(int l2Bytes, int rows) =>
        Assert.Equal(rows, new AssembledBlocking(l2Bytes, TileAssembler.MaxRows).MaxRows);

    /// <summary>Takes code without making it executable; nothing here runs it.</summary>
    private sealed class HeapMemory : ICodeMemory
    {
        public string? Refusal { get; init; }

        public bool TryMap(
            ReadOnlySpan<byte> code, out byte* address, [System.Diagnostics.CodeAnalysis.NotNullWhen(false)] out string? refusal)
        {
            address = null;
            refusal = Refusal;
            return refusal is null;
        }
    }
}
