using System.Diagnostics;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace AkkaCp.Npu.Cpu.Variants;

/// <summary>
/// Products in registers only, assembled as the kernels are: 24 independent sums of 16 lanes, more than the latency of any unit
/// needs. What they reach is the most that a kernel can.
/// </summary>
internal static unsafe class RegisterProducts
{
    private const int Sums = 24;
    private const int FlopsOfDot = 16 * 4;
    private const int OpsOfByteDot = 16 * 8;

    // Under a millisecond: short enough to fall between two time slices of other processes.
    private const int Loops = 100_000;

    private static readonly AssemblerRegisterZMM[] s_sums =
    [
        zmm0, zmm1, zmm2, zmm3, zmm4, zmm5, zmm6, zmm7, zmm8, zmm9, zmm10, zmm11,
        zmm12, zmm13, zmm14, zmm15, zmm16, zmm17, zmm18, zmm19, zmm20, zmm21, zmm22, zmm23,
    ];

    /// <summary>GFLOP/s of one core in vdpbf16ps, best of some runs by wall time; only where bf16-avx512 kernels run.</summary>
    public static double DotBF16Gflops(int runs) => BestGops(WordProduct.BF16, FlopsOfDot, runs);

    /// <summary>GOP/s of one core in vpdpbusd, best of some runs by wall time; only where its kernels run.</summary>
    public static double DotI8Gops(int runs) => BestGops(WordProduct.I8, OpsOfByteDot, runs);

    private static double BestGops(WordProduct product, int opsOfDot, int runs)
    {
        if (!new LinuxCodeMemory().TryMap(AssembleDots(product), out var code, out var refusal))
        {
            throw new InvalidOperationException($"Measuring products in registers: {refusal}.");
        }

        var dots = (delegate* unmanaged<long, void>)code;
        var best = 0.0;
        for (var run = 0; run < runs; run++)
        {
            var start = Stopwatch.GetTimestamp();
            dots(Loops);
            best = Math.Max(best, (double)Loops * Sums * opsOfDot / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e9);
        }

        return best;
    }

    // Zeros throughout: the units take the same time for every value, and no sum can overflow.
    private static byte[] AssembleDots(WordProduct product)
    {
        var asm = new Assembler(64);
        foreach (var register in (AssemblerRegisterZMM[])[.. s_sums, zmm30, zmm31])
        {
            asm.vpxord(register, register, register);
        }

        var loop = asm.CreateLabel();
        asm.Label(ref loop);
        foreach (var sum in s_sums)
        {
            if (product == WordProduct.I8)
            {
                asm.vpdpbusd(sum, zmm30, zmm31);
            }
            else
            {
                asm.vdpbf16ps(sum, zmm30, zmm31);
            }
        }

        asm.dec(rdi);
        asm.jnz(loop);
        asm.vzeroupper();
        asm.ret();
        using var code = new MemoryStream();
        asm.Assemble(new StreamCodeWriter(code), 0);
        return code.ToArray();
    }
}
