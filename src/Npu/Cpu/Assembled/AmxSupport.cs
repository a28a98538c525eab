using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace AkkaCp.Npu.Cpu.Assembled;

/// <summary>
/// Whether AMX can be used: the processor must have it (CPUID leaf 7, EDX), the system must save its state (XCR0), and on Linux the
/// process must ask for the right to use it, since the state is 8 KiB that most processes never need
/// (<see href="https://docs.kernel.org/arch/x86/xstate.html"/>).
/// </summary>
internal static unsafe partial class AmxSupport
{
    /// <summary>Bits of CPUID leaf 7, sub-leaf 0, EDX: AMX-BF16, AMX-TILE, AMX-INT8.</summary>
    public const int ProcessorBits = (1 << 22) | (1 << 24) | (1 << 25);

    /// <summary>Bits of XCR0: XTILECFG and XTILEDATA.</summary>
    public const ulong SystemBits = (1UL << 17) | (1UL << 18);

    private const int OsXSave = 1 << 27;
    private const long ArchPrctl = 158;
    private const long RequestPermission = 0x1023;
    private const long TileData = 18;

    /// <summary>Why AMX cannot be used here; null: it can, from now on, by all threads of the process.</summary>
    public static string? FindRefusal(ICodeMemory memory)
    {
        if (!X86Base.IsSupported || X86Base.CpuId(0, 0).Eax < 7)
            return Judge(0, 0, Request);

        var processor = X86Base.CpuId(7, 0).Edx;
        if ((processor & ProcessorBits) != ProcessorBits || (X86Base.CpuId(1, 0).Ecx & OsXSave) == 0)
            return Judge(processor, 0, Request);

        return memory.TryMap(AssembleXGetBv(), out var code, out var refusal)
            ? Judge(processor, ((delegate* unmanaged<ulong>)code)(), Request)
            : refusal;
    }

    /// <summary>The same from what processor and system answered.</summary>
    /// <param name="processor">CPUID leaf 7, sub-leaf 0, EDX.</param>
    /// <param name="system">XCR0.</param>
    /// <param name="request">Asks for the right to use tile data; gives a system error's text, or null when it is given.</param>
    public static string? Judge(int processor, ulong system, Func<string?> request)
    {
        if ((processor & ProcessorBits) != ProcessorBits)
            return "the processor has no AMX with BF16 and INT8";

        if ((system & SystemBits) != SystemBits)
            return "the system does not save AMX state (XCR0)";

        return request() is { } error ? $"the system refuses AMX tile data (arch_prctl: {error})" : null;
    }

    private static string? Request()
    {
        if (!OperatingSystem.IsLinux())
            return "not Linux";

        return SysCall(ArchPrctl, RequestPermission, TileData) == 0 ? null : Marshal.GetLastPInvokeErrorMessage();
    }

    private static byte[] AssembleXGetBv()
    {
        var asm = new Assembler(64);
        asm.xor(ecx, ecx);
        asm.xgetbv();
        asm.shl(rdx, 32);
        asm.or(rax, rdx);
        asm.ret();
        using var code = new MemoryStream();
        asm.Assemble(new StreamCodeWriter(code), 0);
        return code.ToArray();
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial long SysCall(long number, long first, long second);
}
