using Iced.Intel;
using static AkkaCp.Npu.Cpu.Assembled.TileOperands;
using static Iced.Intel.AssemblerRegisters;

namespace AkkaCp.Npu.Cpu.Assembled;

/// <summary>
/// Assembles sums of values for 4 or 8 rows: sum[r] = fma(weight[k][r], value[k], sum[r]) with k rising, values read where they lie, in
/// pieces of 16 dimensions: 4 rows × 2 vectors at a time, so that a piece is in L1 for the next four rows.
/// <para>System V convention: rdi is <see cref="LaneArguments"/>.</para>
/// </summary>
internal static class LaneSumAssembler
{
    /// <summary>Rows at a time.</summary>
    public const int HalfRows = 4;

    private const int Unroll = 4;
    private const int VectorBytes = 32;
    private const int PieceFloats = 16;

    private static readonly AssemblerRegisterYMM[] s_ymm = [ymm0, ymm1, ymm2, ymm3, ymm4, ymm5, ymm6, ymm7];
    private static readonly AssemblerRegisterXMM[] s_xmm = [xmm0, xmm1, xmm2, xmm3, xmm4, xmm5, xmm6, xmm7];
    private static readonly AssemblerRegisterYMM[] s_weights = [ymm10, ymm11, ymm12, ymm13];

    /// <summary>Machine code for one or two times 4 rows.</summary>
    public static void Assemble(Assembler asm, int halves, bool bf16)
    {
        asm.push(rbx);
        asm.push(rbp);
        asm.mov(rax, Field<LaneArguments>(nameof(LaneArguments.Offset)));
        asm.mov(r8, Field<LaneArguments>(nameof(LaneArguments.Result)));
        asm.mov(r9, Field<LaneArguments>(nameof(LaneArguments.ResultStride)));
        asm.mov(r11, Field<LaneArguments>(nameof(LaneArguments.Ahead)));
        asm.lea(rbx, __[r9 + (r9 * 2)]);
        asm.vpxor(ymm15, ymm15, ymm15);
        var loop = asm.CreateLabel();
        asm.Label(ref loop);
        for (var half = 0; half < halves; half++)
            Half(asm, half, halves, bf16);

        asm.add(rax, PieceFloats * (bf16 ? 2 : 4));
        asm.add(r8, PieceFloats * 4);
        asm.dec(Field<LaneArguments>(nameof(LaneArguments.Pieces)));
        asm.jnz(loop);
        asm.vzeroupper();
        asm.pop(rbp);
        asm.pop(rbx);
        asm.ret();
    }

    // rbp: sums; rsi: rows; rdx: weights; rcx: how many.
    private static void Half(Assembler asm, int half, int halves, bool bf16)
    {
        asm.lea(rbp, half == 0 ? __[r8] : __[r8 + (r9 * 4)]);
        Load(asm, bf16);
        asm.mov(rsi, Field<LaneArguments>(nameof(LaneArguments.Rows)));
        asm.mov(rdx, Field<LaneArguments>(nameof(LaneArguments.Lanes)));
        asm.mov(rcx, Field<LaneArguments>(nameof(LaneArguments.Count)));
        if (half == 1)
            asm.add(rdx, HalfRows * 4);

        var (groups, rest, single, done) = (asm.CreateLabel(), asm.CreateLabel(), asm.CreateLabel(), asm.CreateLabel());
        asm.sub(rcx, Unroll);
        asm.jl(rest);
        asm.Label(ref groups);
        Steps(asm, Unroll, PieceFloats * (bf16 ? 2 : 4) / halves, bf16);
        asm.sub(rcx, Unroll);
        asm.jge(groups);
        asm.Label(ref rest);
        asm.add(rcx, Unroll);
        asm.jz(done);
        asm.Label(ref single);
        Steps(asm, 1, 0, bf16);
        asm.dec(rcx);
        asm.jnz(single);
        asm.Label(ref done);
        Store(asm, bf16);
    }

    private static void Steps(Assembler asm, int count, int aheadBytes, bool bf16)
    {
        for (var line = 0; line < count * aheadBytes; line += 64)
            asm.prefetcht1(__byte_ptr[r11 + line]);

        for (var step = 0; step < count; step++)
        {
            asm.mov(r10, __qword_ptr[rsi + (8 * step)]);
            asm.vmovups(ymm9, __ymmword_ptr[r10 + rax]);
            if (bf16)
            {
                // Behind zeros words are floats: numbers 0 to 3 and 8 to 11, then 4 to 7 and 12 to 15.
                asm.vpunpcklwd(ymm8, ymm15, ymm9);
                asm.vpunpckhwd(ymm9, ymm15, ymm9);
            }
            else
            {
                asm.vmovups(ymm8, ymm9);
                asm.vmovups(ymm9, __ymmword_ptr[r10 + rax + VectorBytes]);
            }

            for (var row = 0; row < HalfRows; row++)
            {
                asm.vbroadcastss(s_weights[row], __dword_ptr[rdx + (VectorBytes * step) + (4 * row)]);
                asm.vfmadd231ps(s_ymm[2 * row], s_weights[row], ymm8);
                asm.vfmadd231ps(s_ymm[(2 * row) + 1], s_weights[row], ymm9);
            }
        }

        asm.add(rsi, 8 * count);
        asm.add(rdx, VectorBytes * count);
        if (aheadBytes > 0)
            asm.add(r11, count * aheadBytes);
    }

    private static void Load(Assembler asm, bool bf16)
    {
        for (var row = 0; row < HalfRows; row++)
        {
            if (bf16)
            {
                asm.vmovups(s_xmm[2 * row], __xmmword_ptr[Row(row)]);
                asm.vmovups(s_xmm[(2 * row) + 1], __xmmword_ptr[Row(row) + 16]);
                asm.vinsertf128(s_ymm[2 * row], s_ymm[2 * row], __xmmword_ptr[Row(row) + 32], 1);
                asm.vinsertf128(s_ymm[(2 * row) + 1], s_ymm[(2 * row) + 1], __xmmword_ptr[Row(row) + 48], 1);
            }
            else
            {
                asm.vmovups(s_ymm[2 * row], __ymmword_ptr[Row(row)]);
                asm.vmovups(s_ymm[(2 * row) + 1], __ymmword_ptr[Row(row) + VectorBytes]);
            }
        }
    }

    private static void Store(Assembler asm, bool bf16)
    {
        for (var row = 0; row < HalfRows; row++)
        {
            if (bf16)
            {
                asm.vmovups(__xmmword_ptr[Row(row)], s_xmm[2 * row]);
                asm.vmovups(__xmmword_ptr[Row(row) + 16], s_xmm[(2 * row) + 1]);
                asm.vextractf128(__xmmword_ptr[Row(row) + 32], s_ymm[2 * row], 1);
                asm.vextractf128(__xmmword_ptr[Row(row) + 48], s_ymm[(2 * row) + 1], 1);
            }
            else
            {
                asm.vmovups(__ymmword_ptr[Row(row)], s_ymm[2 * row]);
                asm.vmovups(__ymmword_ptr[Row(row) + VectorBytes], s_ymm[(2 * row) + 1]);
            }
        }
    }

    private static AssemblerMemoryOperand Row(int row) => row switch
    {
        0 => __[rbp],
        1 => __[rbp + r9],
        2 => __[rbp + (r9 * 2)],
        _ => __[rbp + rbx],
    };

}
