using AkkaCp.Npu.Cpu.Products.Packing;
using Iced.Intel;
using static AkkaCp.Npu.Cpu.Assembled.TileOperands;
using static Iced.Intel.AssemblerRegisters;

namespace AkkaCp.Npu.Cpu.Assembled;

/// <summary>
/// What a tile of <see cref="YmmGroupTileAssembler"/> has on the stack, for which 16 registers are too few: y, which is touched once a
/// block; sums of a block, touched once or a few times a group; what rows of x are made into; constants.
/// </summary>
internal sealed class YmmGroupFrame(Assembler asm, GroupLayout layout, int rows)
{
    private const int Vector = YmmRows.VectorBytes;
    private const int PanelVectors = YmmRows.PanelVectors;
    private const int Line = 64;
    private const int ConstantsAt = 0;
    private const int Constants = 5;
    private const int SavedAt = Constants * Vector;
    private const int RowsAt = SavedAt + Vector;

    // Of each row what its x and its sums become, y, and sums.
    private const int YAt = 3, SumsAt = YAt + PanelVectors, RowVectors = SumsAt + PanelVectors;

    /// <summary>The lower of two codes in a byte.</summary>
    public static AssemblerMemoryOperand LowNibbles => Constant(0);

    /// <summary>Where a code's further bits stand in its byte; or, where codes have a table, that.</summary>
    public static AssemblerMemoryOperand HighBits => Constant(1);

    /// <summary>The bit that makes an unsigned byte a signed one, 128 below it.</summary>
    public static AssemblerMemoryOperand Signs => Constant(2);

    /// <summary>Ones of 16 bits.</summary>
    public static AssemblerMemoryOperand Ones => Constant(3);

    /// <summary>How vpshufb makes eight bytes pairs of equal halves: unsigned ones, or signed ones in the upper bytes.</summary>
    public static AssemblerMemoryOperand Pairs => Constant(4);

    /// <summary>Blocks that are left.</summary>
    public static AssemblerMemoryOperand Blocks => __qword_ptr[rsp + (SavedAt + 16)];

    private static AssemblerMemoryOperand Stack => __qword_ptr[rsp + SavedAt];

    private static AssemblerMemoryOperand Arguments => __qword_ptr[rsp + (SavedAt + 8)];

    /// <summary>Eight outputs of a row.</summary>
    public static AssemblerMemoryOperand Y(int row, int v) => Part(row, YAt + v);

    /// <summary>Sums of eight outputs of a row.</summary>
    public static AssemblerMemoryOperand Sums(int row, int v) => Part(row, SumsAt + v);

    /// <summary>A vector that is made for a row: two of its x, and third of sums.</summary>
    public static AssemblerMemoryOperand X(int row, int part) => Part(row, part);

    /// <summary>A word of <see cref="X"/>.</summary>
    public static AssemblerMemoryOperand XWord(int row, int part, int word) =>
        __dword_ptr[rsp + (RowsAt + (((row * RowVectors) + part) * Vector) + (4 * word))];

    /// <summary>Makes room and writes constants; changes rax.</summary>
    public void Enter()
    {
        asm.mov(rax, rsp);
        asm.sub(rsp, RowsAt + (rows * RowVectors * Vector));
        asm.and(rsp, -Line);
        asm.mov(Stack, rax);
        asm.mov(Arguments, rdi);
        asm.mov(rax, Field(nameof(TileArguments.Count)));
        asm.mov(Blocks, rax);
        Write(2, 0x8080_8080_8080_8080, 0);
        Write(3, 0x0001_0001_0001_0001, 0);
        WriteConstantsOfLayout();
    }

    /// <summary>Gives the room back.</summary>
    public void Leave() => asm.mov(rsp, Stack);

    /// <summary>What y begins with, the same for all rows; changes rsi.</summary>
    public void StartY()
    {
        asm.mov(rsi, Field(nameof(TileArguments.Start)));
        for (var v = 0; v < PanelVectors; v++)
        {
            asm.vmovups(ymm0, __ymmword_ptr[rsi + (Vector * v)]);
            for (var row = 0; row < rows; row++)
                asm.vmovaps(Y(row, v), ymm0);
        }
    }

    /// <summary>Brings y where the arguments want it; changes rdi, rsi and rax.</summary>
    public void StoreY()
    {
        asm.mov(rdi, Arguments);
        asm.mov(rsi, Field(nameof(TileArguments.Y)));
        asm.mov(rax, Field(nameof(TileArguments.YStride)));
        for (var row = 0; row < rows; row++)
        {
            for (var v = 0; v < PanelVectors; v++)
            {
                asm.vmovaps(ymm0, Y(row, v));
                asm.vmovups(__ymmword_ptr[rsi + (Vector * v)], ymm0);
            }

            asm.add(rsi, rax);
        }
    }

    private static AssemblerMemoryOperand Constant(int number) => __ymmword_ptr[rsp + (ConstantsAt + (number * Vector))];

    private static AssemblerMemoryOperand Part(int row, int part) =>
        __ymmword_ptr[rsp + (RowsAt + (((row * RowVectors) + part) * Vector))];

    private void WriteConstantsOfLayout()
    {
        Write(0, 0x0F0F_0F0F_0F0F_0F0F, 0);
        Write(1, layout.Format.CodeBits == 6 ? 0x3030_3030_3030_3030UL : 0x1010_1010_1010_1010, 0);
        for (var q = 0; layout.Table is { } table && q < 4; q++)
            Write(1, q, BitConverter.ToUInt64(table, q % 2 * sizeof(ulong)));

        if (layout.Format.HasMins)
            Write(4, 0x8001_8001_8000_8000, 0x0002_0002_0002_0002);
        else
            Write(4, 0x0180_0180_0080_0080, 0x0200_0200_0200_0200);
    }

    private void Write(int constant, ulong quarter, ulong increment)
    {
        for (var q = 0; q < Vector / sizeof(ulong); q++)
            Write(constant, q, quarter + ((ulong)q * increment));
    }

    private void Write(int constant, int quarter, ulong value)
    {
        asm.mov(rax, value);
        asm.mov(__qword_ptr[rsp + (ConstantsAt + (constant * Vector) + (quarter * sizeof(ulong)))], rax);
    }
}
