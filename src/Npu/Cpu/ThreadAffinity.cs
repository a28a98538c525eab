using System.Runtime.InteropServices;

namespace AkkaCp.Npu.Cpu;

/// <summary>Binds the calling thread to one processor.</summary>
internal static unsafe partial class ThreadAffinity
{
    // The kernel's own mask type is 1024 bits.
    private const int MaxCores = 1024;

    /// <summary>Pins the calling thread; false when the system has no such call, or refuses that processor.</summary>
    public static bool TryPin(int core)
    {
        if (!OperatingSystem.IsLinux() || (uint)core >= MaxCores)
        {
            return false;
        }

        var mask = stackalloc ulong[MaxCores / 64];
        new Span<ulong>(mask, MaxCores / 64).Clear();
        mask[core / 64] = 1UL << (core % 64);
        return SchedSetAffinity(0, MaxCores / 8, mask) == 0;
    }

    // pid 0 means the calling thread, not the process.
    [LibraryImport("libc", EntryPoint = "sched_setaffinity")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SchedSetAffinity(int pid, nuint size, ulong* mask);
}
