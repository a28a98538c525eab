using AkkaCp.Npu.Cpu.Products.Packing;
using Iced.Intel;

namespace AkkaCp.Npu.Cpu.Assembled;

/// <summary>Assembles products of codes and x, whose sums come to lie in registers from ymm0 on, row by row.</summary>
internal abstract class YmmProducts(Assembler asm, int rows)
{
    /// <summary>Steps of 32 inputs.</summary>
    public const int Steps = GroupLayout.CodeInputs / 4;

    /// <summary>Takes the instructions.</summary>
    protected Assembler Asm => asm;

    /// <summary>Rows of the tile.</summary>
    protected int Rows => rows;

    /// <summary>Where they are.</summary>
    protected YmmRows Registers { get; } = new(rows);

    /// <summary>The products of a layout's codes.</summary>
    public static YmmProducts Of(Assembler asm, GroupLayout layout, int rows) =>
        YmmCodeProducts.StepsOfSum(layout) > 1 ? new YmmCodeProducts(asm, layout, rows) : new YmmByteProducts(asm, layout, rows);

    /// <summary>Parts that 32 inputs are summed in.</summary>
    public abstract int Parts { get; }

    /// <summary>Loads masks into their registers.</summary>
    public abstract void LoadMasks();

    /// <summary>Makes ready the x of 32 inputs, for all parts and passes; changes ymm14 and ymm15.</summary>
    public abstract void PrepareX(int input);

    /// <summary>Sums = the products of one part of 32 inputs; before each step, which has a number in these,
    /// <paramref name="fetch"/> may ask for what comes later.</summary>
    public abstract void Multiply(int first, int part, Action<int> fetch);

    /// <summary>Sums of 32 bits of those in registers.</summary>
    public abstract void Widen(AssemblerRegisterYMM sum);

    /// <summary>Loads what <see cref="Scale"/> multiplies by: eight signed or unsigned bytes.</summary>
    public abstract void LoadScales(AssemblerRegisterYMM scales, AssemblerMemoryOperand memory);

    /// <summary>Sums of 32 bits: those in registers, times integer scales.</summary>
    public abstract void Scale(AssemblerRegisterYMM sum, AssemblerRegisterYMM scales);
}
