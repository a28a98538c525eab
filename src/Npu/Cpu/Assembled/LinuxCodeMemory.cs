using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace AkkaCp.Npu.Cpu.Assembled;

/// <summary>Pages that are writable first and executable then, never both; Linux only.</summary>
internal sealed unsafe partial class LinuxCodeMemory : ICodeMemory
{
    // Constants of <sys/mman.h> on Linux, the same on every architecture that .NET runs on.
    private const int Read = 1;
    private const int Write = 2;
    private const int Execute = 4;
    private const int PrivateAnonymous = 0x22;

    /// <inheritdoc/>
    public bool TryMap(ReadOnlySpan<byte> code, out byte* address, [NotNullWhen(false)] out string? refusal)
    {
        address = null;
        if (!OperatingSystem.IsLinux())
        {
            refusal = "assembled kernels follow Linux' calling convention, and this is another system";
            return false;
        }

        var size = (nuint)code.Length;
        var pages = MMap(null, size, Read | Write, PrivateAnonymous, -1, 0);
        if ((nint)pages == -1)
        {
            refusal = $"the system gives no memory for code (mmap: {Marshal.GetLastPInvokeErrorMessage()})";
            return false;
        }

        code.CopyTo(new Span<byte>(pages, code.Length));
        if (MProtect(pages, size, Read | Execute) != 0)
        {
            refusal = $"the system refuses executable memory (mprotect: {Marshal.GetLastPInvokeErrorMessage()})";
            _ = MUnmap(pages, size);
            return false;
        }

        address = pages;
        refusal = null;
        return true;
    }

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial byte* MMap(byte* address, nuint size, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int MProtect(byte* address, nuint size, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int MUnmap(byte* address, nuint size);
}
