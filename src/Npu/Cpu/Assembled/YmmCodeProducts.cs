using AkkaCp.Npu.Cpu.Products.Packing;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace AkkaCp.Npu.Cpu.Assembled;

/// <summary>
/// Products of small codes: vpmaddubsw, whose sums of 16 bits hold a few steps. They become sums of 32 bits where vpmaddwd multiplies them
/// by ones or by the group's scale.
/// </summary>
internal sealed class YmmCodeProducts(Assembler asm, GroupLayout layout, int rows) : YmmProducts(asm, rows)
{
    private readonly YmmCodes _codes = new(asm, layout, rows < 6 ? (ymm10, ymm11) : null);

    /// <inheritdoc/>
    public override int Parts => Steps / StepsOfSum(layout);

    /// <summary>Steps, of one group, whose sums 16 bits hold: a step adds two products of a code and at most 127.</summary>
    public static int StepsOfSum(GroupLayout layout)
    {
        var largest = layout.Table?.Max() ?? ((1 << layout.Format.CodeBits) - 1);
        var steps = layout.Format.GroupInputs == 16 ? Steps / 2 : Steps;
        while (steps * 2 * 127 * largest > short.MaxValue)
            steps /= 2;

        return steps;
    }

    /// <inheritdoc/>
    public override void LoadMasks() => _codes.LoadMasks();

    /// <inheritdoc/>
    public override void PrepareX(int input)
    {
    }

    /// <inheritdoc/>
    public override void Multiply(int first, int part, Action<int> fetch)
    {
        var steps = StepsOfSum(layout);
        for (var i = 0; i < steps; i++)
        {
            var at = (part * steps) + i;
            fetch(at);

            // Both codes of a byte in turn, where they have one scale.
            var step = layout.Format.GroupInputs == 16 ? at : (at % 2 * Steps / 2) + (at / 2);
            if (Registers.Vectors == 2)
                StepTall(step, first, i == 0);
            else
                StepWide(step, i == 0);
        }
    }

    /// <inheritdoc/>
    public override void Widen(AssemblerRegisterYMM sum) => Asm.vpmaddwd(sum, sum, YmmGroupFrame.Ones);

    /// <inheritdoc/>
    public override void LoadScales(AssemblerRegisterYMM scales, AssemblerMemoryOperand memory)
    {
        Asm.vpbroadcastq(scales, memory);
        Asm.vpshufb(scales, scales, YmmGroupFrame.Pairs);
        if (!layout.Format.HasMins)
            Asm.vpsraw(scales, scales, 8);
    }

    /// <inheritdoc/>
    public override void Scale(AssemblerRegisterYMM sum, AssemblerRegisterYMM scales) => Asm.vpmaddwd(sum, sum, scales);

    // Two vectors of weights, each row's word after the other.
    private void StepTall(int step, int first, bool starts)
    {
        _codes.Load(ymm12, ymm14, step, first);
        _codes.Load(ymm13, ymm14, step, first + 1);
        for (var row = 0; row < Rows; row++)
        {
            Asm.vpbroadcastd(ymm15, YmmRows.Word(rsi, row, 4 * step));
            Multiply(Registers.Sum(row, 0), ymm12, ymm15, ymm14, starts);
            Multiply(Registers.Sum(row, 1), ymm13, ymm15, ymm15, starts);
        }
    }

    // The rows' words, each vector of weights after the other.
    private void StepWide(int step, bool starts)
    {
        AssemblerRegisterYMM[] x = [ymm8, ymm9];
        for (var row = 0; row < Rows; row++)
            Asm.vpbroadcastd(x[row], YmmRows.Word(rsi, row, 4 * step));

        for (var v = 0; v < YmmRows.PanelVectors; v++)
        {
            _codes.Load(ymm12, ymm14, step, v);
            for (var row = 0; row < Rows; row++)
                Multiply(Registers.Sum(row, v), ymm12, x[row], ymm14, starts);
        }
    }

    private void Multiply(
        AssemblerRegisterYMM sum, AssemblerRegisterYMM codes, AssemblerRegisterYMM x, AssemblerRegisterYMM product, bool starts)
    {
        Asm.vpmaddubsw(starts ? sum : product, codes, x);
        if (!starts)
            Asm.vpaddw(sum, sum, product);
    }
}
