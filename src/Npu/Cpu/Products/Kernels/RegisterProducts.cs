using System.Diagnostics;
using AkkaCp.Npu.Cpu.Assembled;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace AkkaCp.Npu.Cpu.Products.Kernels;

/// <summary>
/// Products in registers only, assembled as the kernels are: more independent sums than the latency of any unit needs. What they reach
/// is the most that a kernel can. Each only where the kernels of its name run.
/// </summary>
internal static unsafe class RegisterProducts
{
    // Under a millisecond: short enough to fall between two time slices of other processes.
    private const int Loops = 100_000;

    // Four products of 16 × 16 × 16 words take as long as some dozens of the others.
    private const int TileLoops = Loops / 8;
    private const int TileProducts = 4;

    private static readonly AssemblerRegisterZMM[] s_zmm =
    [
        zmm0, zmm1, zmm2, zmm3, zmm4, zmm5, zmm6, zmm7, zmm8, zmm9, zmm10, zmm11,
        zmm12, zmm13, zmm14, zmm15, zmm16, zmm17, zmm18, zmm19, zmm20, zmm21, zmm22, zmm23,
    ];

    private static readonly AssemblerRegisterYMM[] s_ymm =
        [ymm0, ymm1, ymm2, ymm3, ymm4, ymm5, ymm6, ymm7, ymm8, ymm9, ymm10, ymm11, ymm12, ymm13];

    /// <summary>GFLOP/s of one core in vdpbf16ps on 512 bits, best of some runs by wall time.</summary>
    public static double DotBF16Gflops(int runs) =>
        BestGops(AssembleZmm(asm => Array.ForEach(s_zmm, sum => asm.vdpbf16ps(sum, zmm30, zmm31))), Loops, s_zmm.Length * 16 * 4, runs);

    /// <summary>GOP/s of one core in vpdpbusd on 512 bits, best of some runs by wall time.</summary>
    public static double DotI8Gops(int runs) =>
        BestGops(AssembleZmm(asm => Array.ForEach(s_zmm, sum => asm.vpdpbusd(sum, zmm30, zmm31))), Loops, s_zmm.Length * 16 * 8, runs);

    /// <summary>GOP/s of one core in vpdpbusd on 256 bits, best of some runs by wall time.</summary>
    public static double DotI8NarrowGops(int runs) =>
        BestGops(AssembleYmm(asm => Array.ForEach(s_ymm, sum => asm.vpdpbusd(sum, ymm14, ymm15))), Loops, s_ymm.Length * 8 * 8, runs);

    /// <summary>GOP/s of one core in the three instructions that 32 products of bytes need without VNNI, vpmaddubsw, vpmaddwd and vpaddd
    /// on 256 bits, best of some runs by wall time.</summary>
    public static double PairsI8Gops(int runs) => BestGops(
        AssembleYmm(asm => Array.ForEach(s_ymm[..6], sum =>
        {
            var product = s_ymm[Array.IndexOf(s_ymm, sum) + 6];
            asm.vpmaddubsw(product, ymm14, ymm15);
            asm.vpmaddwd(product, product, ymm14);
            asm.vpaddd(sum, sum, product);
        })),
        Loops, 6 * 8 * 8, runs);

    /// <summary>GFLOP/s or GOP/s of one core in tdpbf16ps or tdpbusd, best of some runs by wall time.</summary>
    public static double TileGops(WordProduct product, int runs) =>
        BestGops(AssembleTiles(product), TileLoops, TileProducts * 16 * 16 * 16 * (product == WordProduct.BF16 ? 4 : 8), runs);

    private static double BestGops(byte[] products, int loops, int opsOfLoop, int runs)
    {
        if (!new LinuxCodeMemory().TryMap(products, out var code, out var refusal))
            throw new InvalidOperationException($"Measuring products in registers: {refusal}.");

        var config = AmxTileConfig.Of(AmxTiles.MostRows, AmxTileConfig.MaxWords);
        var run = (delegate* unmanaged<long, AmxTileConfig*, void>)code;
        var best = 0.0;
        for (var i = 0; i < runs; i++)
        {
            var start = Stopwatch.GetTimestamp();
            run(loops, &config);
            best = Math.Max(best, (double)loops * opsOfLoop / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e9);
        }

        return best;
    }

    // Zeros throughout: the units take the same time for every value, and no sum can overflow.
    private static byte[] AssembleZmm(Action<Assembler> products)
    {
        var asm = new Assembler(64);
        foreach (var register in (AssemblerRegisterZMM[])[.. s_zmm, zmm30, zmm31])
            asm.vpxord(register, register, register);

        Repeat(asm, () => products(asm));
        asm.vzeroupper();
        return Finish(asm);
    }

    private static byte[] AssembleYmm(Action<Assembler> products)
    {
        var asm = new Assembler(64);
        foreach (var register in (AssemblerRegisterYMM[])[.. s_ymm, ymm14, ymm15])
            asm.vpxor(register, register, register);

        Repeat(asm, () => products(asm));
        asm.vzeroupper();
        return Finish(asm);
    }

    // ldtilecfg leaves zeros in all tiles.
    private static byte[] AssembleTiles(WordProduct product)
    {
        var asm = new Assembler(64);
        Action<AssemblerRegisterTMM, AssemblerRegisterTMM, AssemblerRegisterTMM> multiply =
            product == WordProduct.BF16 ? asm.tdpbf16ps : asm.tdpbusd;
        asm.ldtilecfg(__[rsi]);
        Repeat(asm, () =>
        {
            multiply(tmm0, tmm4, tmm6);
            multiply(tmm1, tmm4, tmm7);
            multiply(tmm2, tmm5, tmm6);
            multiply(tmm3, tmm5, tmm7);
        });
        asm.tilerelease();
        return Finish(asm);
    }

    private static void Repeat(Assembler asm, Action body)
    {
        var loop = asm.CreateLabel();
        asm.Label(ref loop);
        body();
        asm.dec(rdi);
        asm.jnz(loop);
    }

    private static byte[] Finish(Assembler asm)
    {
        asm.ret();
        using var code = new MemoryStream();
        asm.Assemble(new StreamCodeWriter(code), 0);
        return code.ToArray();
    }
}
