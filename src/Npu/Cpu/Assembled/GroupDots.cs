using AkkaCp.Npu.Cpu.Products.Packing;
using Iced.Intel;
using static AkkaCp.Npu.Cpu.Assembled.GroupRegisters;
using static Iced.Intel.AssemblerRegisters;

namespace AkkaCp.Npu.Cpu.Assembled;

/// <summary>
/// The integer products of <see cref="GroupTileAssembler"/>: codes are spread to bytes in registers, once for all rows, and meet words of
/// x that vpdpbusd broadcasts from memory.
/// </summary>
/// <param name="asm">Takes the instructions.</param>
/// <param name="layout">How weights lie in the panel.</param>
/// <param name="rows">Rows of the tile.</param>
/// <param name="ask">Asks for some of what comes next, <see cref="Steps"/> times in a block.</param>
internal sealed class GroupDots(Assembler asm, GroupLayout layout, int rows, Action ask)
{
    private const int StepBytes = Vectors * Line;
    private const int HalfWords = 4;

    /// <summary>Steps of a block: a word of codes each, or a half of it.</summary>
    public int Steps => layout.CodeGroups * (layout.Format.CodeBits == 8 || layout.Groups > layout.CodeGroups ? 2 * HalfWords : HalfWords);

    /// <summary>The products of 32 inputs.</summary>
    public void Add(int group)
    {
        if (layout.Format.CodeBits == 8)
        {
            ByteDots(group);
            return;
        }

        for (var word = 0; word < HalfWords; word++)
        {
            for (var v = 0; v < Vectors; v++)
            {
                var (low, high) = (Zmm[24 + v], Zmm[26 + v]);
                asm.vmovdqu32(high, Codes(group, word, v));
                asm.vpandd(low, high, zmm28);
                asm.vpsrld(high, high, 4);
                asm.vpandd(high, high, zmm28);
                Finish(low, group, word, v);
                Finish(high, group, word + HalfWords, v);
            }

            ask();
            Multiply(Zmm[24], Zmm[25], (GroupLayout.CodeInputs * group) + (4 * word));
            Multiply(Zmm[26], Zmm[27], (GroupLayout.CodeInputs * group) + (4 * (word + HalfWords)));
        }
    }

    private void ByteDots(int group)
    {
        for (var word = 0; word < 2 * HalfWords; word++)
        {
            for (var v = 0; v < Vectors; v++)
                asm.vmovdqu32(Zmm[24 + v], Codes(group, word, v));

            ask();
            Multiply(Zmm[24], Zmm[25], (GroupLayout.CodeInputs * group) + (4 * word));
        }
    }

    /// <summary>The products of 16 inputs.</summary>
    public void AddHalf(int group, int half)
    {
        for (var word = 0; word < HalfWords; word++)
        {
            for (var v = 0; v < Vectors; v++)
            {
                var code = Zmm[24 + v];
                asm.vmovdqu32(code, Codes(group, word, v));
                if (half == 1)
                    asm.vpsrld(code, code, 4);

                asm.vpandd(code, code, zmm28);
                if (layout.PlaneBytes > 0)
                    AddBits(code, group, half, v, 4 - (2 * word));
            }

            ask();
            Multiply(Zmm[24], Zmm[25], (GroupLayout.CodeInputs * group) + (16 * half) + (4 * word));
        }
    }

    // Bit s of the plane's bytes is that of step s.
    private void Finish(AssemblerRegisterZMM code, int group, int step, int v)
    {
        if (layout.PlaneBytes > 0)
            AddBits(code, group, 0, v, 4 - step);

        if (layout.Table is not null)
            asm.vpshufb(code, zmm29, code);
    }

    // Two of the plane's bits, or one, moved up to where the code lacks them.
    private void AddBits(AssemblerRegisterZMM code, int group, int part, int v, int left)
    {
        var (bits, plane) = (Zmm[30 + v], Plane(group, part, v));
        if (left == 0)
        {
            asm.vpandd(bits, zmm29, plane);
        }
        else
        {
            if (left > 0)
                asm.vpslld(bits, plane, (byte)left);
            else
                asm.vpsrld(bits, plane, (byte)-left);

            asm.vpandd(bits, bits, zmm29);
        }

        asm.vpord(code, code, bits);
    }

    private void Multiply(AssemblerRegisterZMM codes0, AssemblerRegisterZMM codes1, int input)
    {
        for (var row = 0; row < rows; row++)
        {
            asm.vpdpbusd(Dot(row, 0), codes0, Bcst(rsi, row, input));
            asm.vpdpbusd(Dot(row, 1), codes1, Bcst(rsi, row, input));
        }
    }

    private AssemblerMemoryOperand Codes(int group, int word, int v) =>
        __zmmword_ptr[r9 + ((layout.CodeBytes * group) + (StepBytes * word) + (Line * v))];

    private AssemblerMemoryOperand Plane(int group, int part, int v) =>
        __zmmword_ptr[r9 + (layout.PlaneStart + (layout.PlaneBytes * group) + (StepBytes * part) + (Line * v))];
}
