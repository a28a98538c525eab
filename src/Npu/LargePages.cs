using System.Runtime.InteropServices;

namespace AkkaCp.Npu;

/// <summary>
/// Native memory that the system may back with pages of 2 MiB: a model's weights are first touched once and then read from front to back
/// for ever, and pages of 4 KiB cost a fault each while loading, and misses of the address cache afterwards.
/// </summary>
internal static unsafe partial class LargePages
{
    /// <summary>Bytes of a large page of x64 and, mostly, arm64.</summary>
    private const int PageBytes = 2 << 20;

    // MADV_HUGEPAGE of <sys/mman.h>.
    private const int HugePage = 14;

    /// <summary>
    /// Memory of the given size, to be given back to <see cref="Free"/>. Whole large pages start on their own
    /// boundary; what is left at the end stays in small ones, so that no byte more is resident.
    /// </summary>
    /// <exception cref="OutOfMemoryException">The system has no memory left.</exception>
    public static nint Allocate(nuint bytes)
    {
        if (bytes < PageBytes)
            return (nint)NativeMemory.AlignedAlloc(bytes, TensorPool.Alignment);

        var memory = NativeMemory.AlignedAlloc(bytes, PageBytes);
        if (OperatingSystem.IsLinux())
        {
            // Advice only: a system without large pages refuses, and the memory is as good as before.
            _ = Advise(memory, bytes / PageBytes * PageBytes, HugePage);
        }

        return (nint)memory;
    }

    /// <summary>Gives memory back; 0 is none.</summary>
    public static void Free(nint memory) => NativeMemory.AlignedFree((void*)memory);

    [LibraryImport("libc", EntryPoint = "madvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Advise(void* memory, nuint bytes, int advice);
}
