using AkkaCp.Npu.Cpu.Products.Packing;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace AkkaCp.Npu.Cpu.Assembled;

/// <summary>Assembles unpacking: the unsigned codes of a step and eight outputs, a byte each, in a register.</summary>
/// <param name="asm">Takes the instructions; r9: a block, r10: its codes of 32 inputs, rdi: inputs of the block before those.</param>
/// <param name="layout">How they lie.</param>
/// <param name="masks">Registers for <see cref="YmmGroupFrame.LowNibbles"/> and <see cref="YmmGroupFrame.HighBits"/>, where two can be
/// spared.</param>
internal sealed class YmmCodes(Assembler asm, GroupLayout layout, (AssemblerRegisterYMM LowNibbles, AssemblerRegisterYMM HighBits)? masks)
{
    private const int HalfSteps = 4;

    /// <summary>Loads masks into their registers.</summary>
    public void LoadMasks()
    {
        if (masks is not { } registers)
            return;

        asm.vmovdqa(registers.LowNibbles, YmmGroupFrame.LowNibbles);
        asm.vmovdqa(registers.HighBits, YmmGroupFrame.HighBits);
    }

    /// <summary>Loads codes; changes <paramref name="temporary"/>.</summary>
    public void Load(AssemblerRegisterYMM codes, AssemblerRegisterYMM temporary, int step, int v)
    {
        if (layout.Format.CodeBits == 8)
        {
            asm.vmovdqu(codes, __ymmword_ptr[r10 + ((step * YmmRows.StepBytes) + (v * YmmRows.VectorBytes))]);
            return;
        }

        LoadNibbles(codes, step, v);
        if (layout.PlaneBytes > 0)
            AddHighBits(codes, temporary, step, v);

        if (layout.Table is not null)
            LookUp(codes, temporary);
    }

    private void LoadNibbles(AssemblerRegisterYMM codes, int step, int v)
    {
        var memory = __ymmword_ptr[r10 + ((step % HalfSteps * YmmRows.StepBytes) + (v * YmmRows.VectorBytes))];
        if (step >= HalfSteps)
        {
            asm.vmovdqu(codes, memory);
            asm.vpsrlw(codes, codes, 4);
            And(codes, masks?.LowNibbles, YmmGroupFrame.LowNibbles);
        }
        else if (masks is { } registers)
        {
            asm.vpand(codes, registers.LowNibbles, memory);
        }
        else
        {
            asm.vmovdqa(codes, YmmGroupFrame.LowNibbles);
            asm.vpand(codes, codes, memory);
        }
    }

    // The plane's bit s of step s, or its bits 2s and 2s+1 of the half's step s, above the four that the codes have.
    private void AddHighBits(AssemblerRegisterYMM codes, AssemblerRegisterYMM bits, int step, int v)
    {
        var isSix = layout.Format.CodeBits == 6;
        var left = isSix ? 4 - (2 * (step % HalfSteps)) : 4 - step;
        var part = isSix ? step / HalfSteps * YmmRows.StepBytes : 0;
        var offset = layout.PlaneStart + part + (v * YmmRows.VectorBytes);
        asm.vmovdqu(bits, __ymmword_ptr[r9 + (rdi * (layout.PlaneBytes / GroupLayout.CodeInputs)) + offset]);
        if (left > 0)
            asm.vpsllw(bits, bits, (byte)left);
        else if (left < 0)
            asm.vpsrlw(bits, bits, (byte)-left);

        And(bits, masks?.HighBits, YmmGroupFrame.HighBits);
        asm.vpor(codes, codes, bits);
    }

    private void LookUp(AssemblerRegisterYMM codes, AssemblerRegisterYMM temporary)
    {
        if (masks is null)
            asm.vmovdqa(temporary, YmmGroupFrame.HighBits);

        asm.vpshufb(codes, masks?.HighBits ?? temporary, codes);
    }

    private void And(AssemblerRegisterYMM codes, AssemblerRegisterYMM? mask, AssemblerMemoryOperand memory)
    {
        if (mask is { } register)
            asm.vpand(codes, codes, register);
        else
            asm.vpand(codes, codes, memory);
    }
}
