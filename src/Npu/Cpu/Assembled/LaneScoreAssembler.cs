using System.Diagnostics;
using Iced.Intel;
using static AkkaCp.Npu.Cpu.Assembled.TileOperands;
using static Iced.Intel.AssemblerRegisters;

namespace AkkaCp.Npu.Cpu.Assembled;

/// <summary>
/// Assembles scores of up to 11 keys for 8 rows, each row in one lane of 256 bits: score[k] = fma(key[k][d], query[d], score[k]) with d
/// rising. A key's numbers are broadcast from where they lie, so that keys are neither copied nor turned; 11 sums hide the latency of two
/// units, and a vector of queries serves all of them.
/// <para>System V convention: rdi is <see cref="LaneArguments"/>. rdi and three more registers leave eleven for the keys.</para>
/// </summary>
internal static class LaneScoreAssembler
{
    /// <summary>Keys at a time.</summary>
    public const int MaxKeys = 11;

    // Dimensions of a round.
    private const int Round = 16;
    private const int VectorBytes = 32;

    private static readonly AssemblerRegister64[] s_keys = [rax, rcx, rdx, rsi, r8, r9, r10, r11, rbx, rbp, r12];
    private static readonly AssemblerRegister64[] s_saved = [rbx, rbp, r12, r13, r14, r15];

    private static readonly AssemblerRegisterYMM[] s_ymm =
        [ymm0, ymm1, ymm2, ymm3, ymm4, ymm5, ymm6, ymm7, ymm8, ymm9, ymm10, ymm11, ymm12, ymm13, ymm14, ymm15];

    /// <summary>Machine code for so many keys of a multiple of 16 dimensions.</summary>
    public static void Assemble(Assembler asm, int keys, bool bf16)
    {
        Debug.Assert(keys is > 0 and <= MaxKeys, "registers");
        foreach (var register in s_saved)
            asm.push(register);

        // Keys are addressed from their ends, by a count that rises to 0.
        asm.mov(r14, Field<LaneArguments>(nameof(LaneArguments.Rows)));
        asm.mov(r13, Field<LaneArguments>(nameof(LaneArguments.Offset)));
        asm.mov(r15, Field<LaneArguments>(nameof(LaneArguments.Count)));
        asm.add(r13, r15);
        for (var k = 0; k < keys; k++)
        {
            asm.mov(s_keys[k], __qword_ptr[r14 + (8 * k)]);
            asm.add(s_keys[k], r13);
            asm.vxorps(s_ymm[k], s_ymm[k], s_ymm[k]);
        }

        asm.xor(r14, r14);
        asm.sub(r14, r15);
        asm.mov(r13, Field<LaneArguments>(nameof(LaneArguments.Lanes)));
        asm.mov(r15, Field<LaneArguments>(nameof(LaneArguments.Ahead)));
        if (bf16)
        {
            asm.vpcmpeqd(ymm15, ymm15, ymm15);
            asm.vpslld(ymm15, ymm15, 16);
        }

        var bytes = Round * (bf16 ? 2 : 4);
        var loop = asm.CreateLabel();
        asm.Label(ref loop);
        for (var (step, line) = (0, 0); step < Round; step += bf16 ? 2 : 1, line += 64)
        {
            if (line < keys * bytes)
                asm.prefetcht1(__byte_ptr[r15 + line]);

            if (bf16)
                Pair(asm, keys, step);
            else
                Step(asm, keys, step);
        }

        asm.add(r13, Round * VectorBytes);
        asm.add(r15, keys * bytes);
        asm.add(r14, bytes);
        asm.jnz(loop);
        asm.mov(r13, Field<LaneArguments>(nameof(LaneArguments.Result)));
        for (var k = 0; k < keys; k++)
            asm.vmovups(__ymmword_ptr[r13 + (VectorBytes * k)], s_ymm[k]);

        asm.vzeroupper();
        foreach (var register in s_saved.Reverse())
            asm.pop(register);

        asm.ret();
    }

    private static void Step(Assembler asm, int keys, int step)
    {
        asm.vmovups(ymm12, __ymmword_ptr[r13 + (VectorBytes * step)]);
        for (var k = 0; k < keys; k++)
        {
            var x = s_ymm[13 + (k % 3)];
            asm.vbroadcastss(x, __dword_ptr[s_keys[k] + r14 + (4 * step)]);
            asm.vfmadd231ps(s_ymm[k], x, ymm12);
        }
    }

    // A word holds two neighbours, the first in its lower half.
    private static void Pair(Assembler asm, int keys, int step)
    {
        asm.vmovups(ymm11, __ymmword_ptr[r13 + (VectorBytes * step)]);
        asm.vmovups(ymm12, __ymmword_ptr[r13 + (VectorBytes * (step + 1))]);
        for (var k = 0; k < keys; k++)
        {
            asm.vbroadcastss(ymm13, __dword_ptr[s_keys[k] + r14 + (2 * step)]);
            asm.vpslld(ymm14, ymm13, 16);
            asm.vpand(ymm13, ymm13, ymm15);
            asm.vfmadd231ps(s_ymm[k], ymm14, ymm11);
            asm.vfmadd231ps(s_ymm[k], ymm13, ymm12);
        }
    }

}
