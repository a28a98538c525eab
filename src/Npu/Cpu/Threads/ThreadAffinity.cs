using System.Runtime.InteropServices;

namespace AkkaCp.Npu.Cpu.Threads;

/// <summary>Which processors the process may use, and binding the calling thread to one.</summary>
internal static unsafe partial class ThreadAffinity
{
    // The kernel's own mask type is 1024 bits.
    private const int MaxCores = 1024;

    /// <summary>The processor of a worker; null where none are given. Workers that are more than the
    /// processors share them in turn.</summary>
    public static int? CoreOf(IReadOnlyList<int>? cores, int worker) =>
        cores is { Count: > 0 } ? cores[worker % cores.Count] : null;

    /// <summary>Pins the calling thread; false when the system has no such call, or refuses that processor.</summary>
    public static bool TryPin(int core)
    {
        if (!OperatingSystem.IsLinux() || (uint)core >= MaxCores)
            return false;

        var mask = stackalloc ulong[MaxCores / 64];
        new Span<ulong>(mask, MaxCores / 64).Clear();
        mask[core / 64] = 1UL << (core % 64);
        return SchedSetAffinity(0, MaxCores / 8, mask) == 0;
    }

    /// <summary>Numbers of the processors that the process may use, ascending: a container or taskset may leave it only some. Where the
    /// system does not say, as many as there are, from 0.</summary>
    public static IReadOnlyList<int> Allowed()
    {
        var mask = stackalloc ulong[MaxCores / 64];
        new Span<ulong>(mask, MaxCores / 64).Clear();
        // Asked of the first thread, which is never pinned.
        if (!OperatingSystem.IsLinux() || SchedGetAffinity(Environment.ProcessId, MaxCores / 8, mask) != 0)
            return [.. Enumerable.Range(0, Environment.ProcessorCount)];

        var cores = new List<int>();
        for (var core = 0; core < MaxCores; core++)
        {
            if ((mask[core / 64] >> (core % 64) & 1) != 0)
                cores.Add(core);
        }

        return cores;
    }

    [LibraryImport("libc", EntryPoint = "sched_getaffinity")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SchedGetAffinity(int pid, nuint size, ulong* mask);

    // pid 0 means the calling thread, not the process.
    [LibraryImport("libc", EntryPoint = "sched_setaffinity")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SchedSetAffinity(int pid, nuint size, ulong* mask);
}
