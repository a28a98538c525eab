using System.Diagnostics;
using System.Runtime.InteropServices;

namespace AkkaCp.Bench.Kernels;

/// <summary>
/// Seconds that the calling thread computed. On Linux it leaves out the time that other processes had the processor, so that a
/// shared machine can be measured; elsewhere it is wall time.
/// </summary>
internal static unsafe partial class CpuClock
{
    // CLOCK_THREAD_CPUTIME_ID of <time.h>.
    private const int ThreadCpuTime = 3;

    /// <summary>Wall time.</summary>
    public static double WallSeconds => Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency;

    /// <summary>Now, in time of the calling thread.</summary>
    public static double Seconds
    {
        get
        {
            var time = stackalloc long[2];
            return OperatingSystem.IsLinux() && ClockGetTime(ThreadCpuTime, time) == 0
                ? time[0] + (time[1] / 1e9)
                : WallSeconds;
        }
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int ClockGetTime(int clock, long* time);
}
