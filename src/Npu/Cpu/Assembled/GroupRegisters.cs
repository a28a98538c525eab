using Iced.Intel;
using static AkkaCp.Npu.Cpu.Assembled.TileOperands;
using static Iced.Intel.AssemblerRegisters;

namespace AkkaCp.Npu.Cpu.Assembled;

/// <summary>
/// What registers hold in tiles of <see cref="GroupTileAssembler"/>, two vectors of outputs for each row. zmm0 to zmm11: the integer sums
/// of a group; zmm12 to zmm23: those of a block or, where a block has no integer scales, y; zmm24 to zmm27: codes and scales; zmm28:
/// the lower halves of bytes; zmm29: the bits that a plane has, or the table; zmm30 and zmm31: the codes' further bits. rsi: rows of
/// x, rdx: their records; rax, rcx, r8: 1, 3 and 5 row strides; r9: weights; r10: blocks; r11: ahead.
/// </summary>
internal static class GroupRegisters
{
    /// <summary>Rows of the tallest tile.</summary>
    public const int MaxRows = 6;

    /// <summary>Vectors of outputs.</summary>
    public const int Vectors = 2;

    /// <summary>Bytes of a vector, which is a cache line.</summary>
    public const int Line = 64;

    /// <summary>All of them by number.</summary>
    public static AssemblerRegisterZMM[] Zmm { get; } =
    [
        zmm0, zmm1, zmm2, zmm3, zmm4, zmm5, zmm6, zmm7, zmm8, zmm9, zmm10, zmm11, zmm12, zmm13, zmm14, zmm15,
        zmm16, zmm17, zmm18, zmm19, zmm20, zmm21, zmm22, zmm23, zmm24, zmm25, zmm26, zmm27, zmm28, zmm29, zmm30, zmm31,
    ];

    /// <summary>The integer sum of a group.</summary>
    public static AssemblerRegisterZMM Dot(int row, int v) => Zmm[(Vectors * row) + v];

    /// <summary>The sum of a block, or y.</summary>
    public static AssemblerRegisterZMM Sum(int row, int v) => Zmm[12 + (Vectors * row) + v];

    /// <summary>Scales, or codes.</summary>
    public static AssemblerRegisterZMM Scale(int v) => Zmm[24 + v];

    /// <summary>A word of a row's x or records, in all lanes of an operand.</summary>
    public static AssemblerMemoryOperand Bcst(AssemblerRegister64 start, int row, int offset) => __dword_bcst[Place(start, row, offset)];

    /// <summary>The word alone.</summary>
    public static AssemblerMemoryOperand Dword(AssemblerRegister64 start, int row, int offset) => __dword_ptr[Place(start, row, offset)];
}
