using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace AkkaCp.Npu.Cpu.Assembled;

/// <summary>
/// Assembles products of bytes: w·x = |x|·(w ^ m) - |x|·m, where m = -1 for x below zero and else 0, so that vpmaddubsw takes |x| as its
/// unsigned operand and no sum of two saturates. Any unit makes w ^ m; vpsignb would wait for those that multiply. Sums of 32 bits come to
/// lie in registers from ymm0 on, row by row. ymm10: ones of 16 bits.
/// </summary>
/// <param name="asm">Takes the instructions.</param>
/// <param name="rows">Rows of the tile, at most five.</param>
/// <param name="load">Loads the bytes of a step and eight outputs to the first register and may change the second.</param>
internal sealed class YmmByteSteps(Assembler asm, int rows, Action<AssemblerRegisterYMM, AssemblerRegisterYMM, int, int> load)
{
    private readonly YmmRows _registers = new(rows);

    /// <summary>Adds the products of a step.</summary>
    /// <param name="step">The step.</param>
    /// <param name="first">First vector of outputs.</param>
    /// <param name="x">A row's word: of |x| and, part 1, of m.</param>
    public void Multiply(int step, int first, Func<int, int, AssemblerMemoryOperand> x)
    {
        if (_registers.Vectors == 2)
            MultiplyTall(step, first, x);
        else
            MultiplyWide(step, x);
    }

    // Two vectors of weights, each row's words after the other.
    private void MultiplyTall(int step, int first, Func<int, int, AssemblerMemoryOperand> x)
    {
        load(ymm11, ymm14, step, first);
        load(ymm12, ymm14, step, first + 1);
        for (var row = 0; row < rows; row++)
        {
            asm.vpbroadcastd(ymm13, x(row, 0));
            asm.vpbroadcastd(ymm15, x(row, 1));
            asm.vpxor(ymm14, ymm11, ymm15);
            asm.vpxor(ymm15, ymm12, ymm15);
            asm.vpmaddubsw(ymm14, ymm13, ymm14);
            asm.vpmaddubsw(ymm15, ymm13, ymm15);
            AddPairs(row, 0, ymm14);
            AddPairs(row, 1, ymm15);
        }
    }

    // The rows' words, each vector of weights after the other.
    private void MultiplyWide(int step, Func<int, int, AssemblerMemoryOperand> x)
    {
        AssemblerRegisterYMM[] magnitudes = [ymm8, ymm9], signs = [ymm12, ymm13];
        for (var row = 0; row < rows; row++)
        {
            asm.vpbroadcastd(magnitudes[row], x(row, 0));
            asm.vpbroadcastd(signs[row], x(row, 1));
        }

        for (var v = 0; v < YmmRows.PanelVectors; v++)
        {
            load(ymm15, ymm14, step, v);
            for (var row = 0; row < rows; row++)
            {
                asm.vpxor(ymm14, ymm15, signs[row]);
                asm.vpmaddubsw(ymm14, magnitudes[row], ymm14);
                AddPairs(row, v, ymm14);
            }
        }
    }

    private void AddPairs(int row, int v, AssemblerRegisterYMM pairs)
    {
        asm.vpmaddwd(pairs, pairs, ymm10);
        asm.vpaddd(_registers.Sum(row, v), _registers.Sum(row, v), pairs);
    }
}
