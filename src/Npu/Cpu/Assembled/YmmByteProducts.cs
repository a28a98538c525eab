using AkkaCp.Npu.Cpu.Products.Packing;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace AkkaCp.Npu.Cpu.Assembled;

/// <summary>
/// Products of codes of up to a whole byte, less 128: w·x = |x|·(w ^ m) - |x|·m, where m = -1 for x below zero and else 0, so that
/// vpmaddubsw takes |x| as its unsigned operand. Codes c become w ^ m = c ^ (m ^ 128) in one instruction, which any unit does; vpsignb would
/// wait for those that multiply. |x|, m ^ 128 and -Σ|x|·m, what a sum begins with, are made in the frame once for all outputs.
/// </summary>
internal sealed class YmmByteProducts(Assembler asm, GroupLayout layout, int rows) : YmmProducts(asm, rows)
{
    private readonly YmmCodes _codes = new(asm, layout, rows == 1 ? (ymm4, ymm5) : null);

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
            Asm.vpxor(ymm14, ymm14, ymm14);
            Asm.vpcmpgtb(ymm14, ymm14, ymm15);
            Asm.vpabsb(ymm15, ymm15);
            Asm.vmovdqa(YmmGroupFrame.X(row, 0), ymm15);
            Asm.vpand(ymm15, ymm15, ymm14);
            Asm.vpxor(ymm14, ymm14, YmmGroupFrame.Signs);
            Asm.vmovdqa(YmmGroupFrame.X(row, 1), ymm14);
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
            if (Registers.Vectors == 2)
                StepTall(step, first);
            else
                StepWide(step);
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

    // Two vectors of weights, each row's words after the other.
    private void StepTall(int step, int first)
    {
        _codes.Load(ymm11, ymm14, step, first);
        _codes.Load(ymm12, ymm14, step, first + 1);
        for (var row = 0; row < Rows; row++)
        {
            Asm.vpbroadcastd(ymm13, YmmGroupFrame.XWord(row, 0, step));
            Asm.vpbroadcastd(ymm15, YmmGroupFrame.XWord(row, 1, step));
            Asm.vpxor(ymm14, ymm11, ymm15);
            Asm.vpxor(ymm15, ymm12, ymm15);
            Asm.vpmaddubsw(ymm14, ymm13, ymm14);
            Asm.vpmaddubsw(ymm15, ymm13, ymm15);
            AddPairs(row, 0, ymm14);
            AddPairs(row, 1, ymm15);
        }
    }

    // The rows' words, each vector of weights after the other.
    private void StepWide(int step)
    {
        AssemblerRegisterYMM[] x = [ymm8, ymm9], signs = [ymm12, ymm13];
        for (var row = 0; row < Rows; row++)
        {
            Asm.vpbroadcastd(x[row], YmmGroupFrame.XWord(row, 0, step));
            Asm.vpbroadcastd(signs[row], YmmGroupFrame.XWord(row, 1, step));
        }

        for (var v = 0; v < YmmGroupFrame.PanelVectors; v++)
        {
            _codes.Load(ymm15, ymm14, step, v);
            for (var row = 0; row < Rows; row++)
            {
                Asm.vpxor(ymm14, ymm15, signs[row]);
                Asm.vpmaddubsw(ymm14, x[row], ymm14);
                AddPairs(row, v, ymm14);
            }
        }
    }

    private void AddPairs(int row, int v, AssemblerRegisterYMM pairs)
    {
        Asm.vpmaddwd(pairs, pairs, ymm10);
        Asm.vpaddd(Registers.Sum(row, v), Registers.Sum(row, v), pairs);
    }
}
