using System.Diagnostics;
using Iced.Intel;
using static AkkaCp.Npu.Cpu.Assembled.TileOperands;
using static Iced.Intel.AssemblerRegisters;

namespace AkkaCp.Npu.Cpu.Assembled;

/// <summary>Where the rows of a tile on 16 registers are: their sums in registers, their x in memory.</summary>
internal readonly struct YmmRows(int rows)
{
    /// <summary>Bytes of a vector, and vectors of a panel's outputs.</summary>
    public const int VectorBytes = 32, PanelVectors = 4;

    /// <summary>Bytes of a panel's codes, or of their further bits, for a step.</summary>
    public const int StepBytes = 128;

    private static readonly AssemblerRegisterYMM[] s_ymm =
        [ymm0, ymm1, ymm2, ymm3, ymm4, ymm5, ymm6, ymm7, ymm8, ymm9, ymm10, ymm11];

    /// <summary>Vectors of outputs with sums in registers: the panel's, or two, so that more rows share a vector of weights.</summary>
    public int Vectors => rows <= 2 ? YmmRows.PanelVectors : 2;

    /// <summary>Sums of a row's eight outputs.</summary>
    public AssemblerRegisterYMM Sum(int row, int v)
    {
        Debug.Assert(row < rows && v < Vectors, "registers");
        return s_ymm[(row * Vectors) + v];
    }

    /// <summary>A word of a row, of which the first lies at some register: rax, rcx and r8 are 1, 3 and 5 row strides.</summary>
    public static AssemblerMemoryOperand Word(AssemblerRegister64 start, int row, int offset) => __dword_ptr[Place(start, row, offset)];

    /// <summary>A vector of a row.</summary>
    public static AssemblerMemoryOperand Vector(AssemblerRegister64 start, int row, int offset) => __ymmword_ptr[Place(start, row, offset)];
}
