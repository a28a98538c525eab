using System.Runtime.InteropServices;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace AkkaCp.Npu.Cpu.Assembled;

/// <summary>Where assembled tiles find their arguments, whose address is in rdi, and their rows of x.</summary>
internal static class TileOperands
{
    /// <summary>One of the <see cref="TileArguments"/>.</summary>
    public static AssemblerMemoryOperand Field(string name) => Field<TileArguments>(name);

    /// <summary>One of other arguments.</summary>
    public static AssemblerMemoryOperand Field<T>(string name) => __qword_ptr[rdi + (int)Marshal.OffsetOf<T>(name)];

    /// <summary>A place in one of seven rows, the first of which is at a register: rax, rcx and r8 are 1, 3 and 5 row strides.</summary>
    public static AssemblerMemoryOperand Place(AssemblerRegister64 start, int row, int offset) => row switch
    {
        0 => start + offset,
        1 => start + rax + offset,
        2 => start + (rax * 2) + offset,
        3 => start + rcx + offset,
        4 => start + (rax * 4) + offset,
        5 => start + r8 + offset,
        _ => start + (rcx * 2) + offset,
    };
}
