using AkkaCp.Npu.Cpu.Products.Packing;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace AkkaCp.Npu.Cpu.Assembled;

/// <summary>
/// Products of codes of up to a whole byte, less 128, as <see cref="YmmByteSteps"/> makes them. The frame has |x|, m ^ 128, with which
/// codes become w ^ m, and -Σ|x|·m, which sums begin with: made once for all outputs.
/// </summary>
internal sealed class YmmByteProducts : YmmProducts
{
    private readonly YmmCodes _codes;
    private readonly YmmByteSteps _steps;

    public YmmByteProducts(Assembler asm, GroupLayout layout, int rows)
        : base(asm, rows)
    {
        _codes = new YmmCodes(asm, layout, rows == 1 ? (ymm4, ymm5) : null);
        _steps = new YmmByteSteps(asm, rows, _codes.Load);
    }

    /// <inheritdoc/>
    public override int Parts => 1;

    /// <inheritdoc/>
    public override void LoadMasks()
    {
        _codes.LoadMasks();
        Asm.vmovdqa(ymm10, YmmGroupFrame.Ones);
    }

    /// <inheritdoc/>
    public override void PrepareX(int input)
    {
        for (var row = 0; row < Rows; row++)
        {
            Asm.vmovdqu(ymm15, YmmRows.Vector(rsi, row, input));
            SplitX(row);
            SumUp();
            Asm.vmovd(YmmGroupFrame.XWord(row, 2, 0), xmm15);
        }
    }

    /// <inheritdoc/>
    public override void Multiply(int first, int part, Action<int> fetch)
    {
        for (var row = 0; row < Rows; row++)
        {
            for (var v = 0; v < Registers.Vectors; v++)
                Asm.vpbroadcastd(Registers.Sum(row, v), YmmGroupFrame.XWord(row, 2, 0));
        }

        for (var step = 0; step < Steps; step++)
        {
            fetch(step);
            _steps.Multiply(step, first, (row, word) => YmmGroupFrame.XWord(row, word, step));
        }
    }

    /// <inheritdoc/>
    public override void Widen(AssemblerRegisterYMM sum)
    {
    }

    /// <inheritdoc/>
    public override void LoadScales(AssemblerRegisterYMM scales, AssemblerMemoryOperand memory) => Asm.vpmovsxbd(scales, memory);

    /// <inheritdoc/>
    public override void Scale(AssemblerRegisterYMM sum, AssemblerRegisterYMM scales) => Asm.vpmulld(sum, sum, scales);

    private void SplitX(int row)
    {
        Asm.vpxor(ymm14, ymm14, ymm14);
        Asm.vpcmpgtb(ymm14, ymm14, ymm15);
        Asm.vpabsb(ymm15, ymm15);
        Asm.vmovdqa(YmmGroupFrame.X(row, 0), ymm15);
        Asm.vpand(ymm15, ymm15, ymm14);
        Asm.vpxor(ymm14, ymm14, YmmGroupFrame.Signs);
        Asm.vmovdqa(YmmGroupFrame.X(row, 1), ymm14);
    }

    // Bytes of ymm15 to one number.
    private void SumUp()
    {
        Asm.vpxor(ymm14, ymm14, ymm14);
        Asm.vpsadbw(ymm15, ymm15, ymm14);
        Asm.vextracti128(xmm14, ymm15, 1);
        Asm.vpaddd(xmm15, xmm15, xmm14);
        Asm.vpshufd(xmm14, xmm15, 0b01_00_11_10);
        Asm.vpaddd(xmm15, xmm15, xmm14);
    }
}
