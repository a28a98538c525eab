using System.Globalization;
using System.Runtime.Intrinsics.X86;

namespace AkkaCp.Npu.Cpu.Assembled;

/// <summary>What the processor has that kernels are chosen and cut by.</summary>
internal sealed record CpuFeatures
{
    // Where the system does not tell: what x86 server cores have had since 2017.
    private const int DefaultL2Bytes = 1 << 20;

    /// <summary>AVX-512 F, BW, DQ and VL, allowed by the system and by the runtime's own switches.</summary>
    public required bool Avx512 { get; init; }

    /// <summary>vdpbf16ps and the conversions to BF16.</summary>
    public required bool Avx512BF16 { get; init; }

    /// <summary>vpdpbusd on 512-bit registers.</summary>
    public required bool Avx512Vnni { get; init; }

    /// <summary>AVX2, FMA and F16C, allowed by the system and by the runtime's own switches.</summary>
    public required bool Avx2 { get; init; }

    /// <summary>vpdpbusd on 256-bit registers, without AVX-512.</summary>
    public required bool AvxVnni { get; init; }

    /// <summary>Why AMX tiles for BF16 and INT8 cannot be used; null: they can.</summary>
    public required string? NoAmx { get; init; }

    /// <summary>Bytes of the second-level cache that a core has to itself.</summary>
    public required int L2Bytes { get; init; }

    /// <summary>Asks the processor (CPUID leaf 7) and the system.</summary>
    /// <param name="memory">Where the few instructions that read XCR0 come to lie, on a processor with AMX.</param>
    public static CpuFeatures Read(ICodeMemory memory)
    {
        // The runtime has looked at XCR0: with its own flag off, 512-bit registers are not saved, or the user wants none.
        var avx512 = Avx512F.IsSupported && Avx512BW.IsSupported && Avx512DQ.IsSupported && Avx512F.VL.IsSupported;
        return new CpuFeatures
        {
            Avx512 = avx512,
            Avx512BF16 = avx512 && HasBF16(),
            Avx512Vnni = avx512 && HasVnni(),
            Avx2 = System.Runtime.Intrinsics.X86.Avx2.IsSupported && Fma.IsSupported && HasF16C(),
            AvxVnni = System.Runtime.Intrinsics.X86.Avx2.IsSupported && HasAvxVnni(),
            NoAmx = AmxSupport.FindRefusal(memory),
            L2Bytes = ReadL2Bytes(),
        };
    }

    private static bool HasBF16() => HasLeaf7Sub1(1 << 5);

    private static bool HasAvxVnni() => HasLeaf7Sub1(1 << 4);

    // Leaf 7, sub-leaf 1, EAX; sub-leaf 0 tells in EAX how many sub-leaves there are.
    private static bool HasLeaf7Sub1(int bit) =>
        X86Base.IsSupported && X86Base.CpuId(0, 0).Eax >= 7 && X86Base.CpuId(7, 0).Eax >= 1
        && (X86Base.CpuId(7, 1).Eax & bit) != 0;

    // Leaf 7, sub-leaf 0, ECX bit 11.
    private static bool HasVnni() =>
        X86Base.IsSupported && X86Base.CpuId(0, 0).Eax >= 7 && (X86Base.CpuId(7, 0).Ecx & (1 << 11)) != 0;

    // Leaf 1, ECX bit 29.
    private static bool HasF16C() => X86Base.IsSupported && (X86Base.CpuId(1, 0).Ecx & (1 << 29)) != 0;

    private static int ReadL2Bytes()
    {
        const string Folder = "/sys/devices/system/cpu/cpu0/cache/index2";
        try
        {
            var size = File.ReadAllText(Path.Combine(Folder, "size")).Trim();
            var level = File.ReadAllText(Path.Combine(Folder, "level")).Trim();
            return level == "2" && size.EndsWith('K')
                && int.TryParse(size[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var kib) && kib is > 0 and < 1 << 20
                ? kib << 10
                : DefaultL2Bytes;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // No such file on other systems and in some containers.
            return DefaultL2Bytes;
        }
    }
}
