using System.Runtime.InteropServices;

namespace AkkaCp.Cli.Output;

/// <summary>
/// Tells when nobody reads a pipe any more, also while nothing is written into it: what is being computed for it can end. A program that no
/// signal ends learns that only from its next write, and .NET's console keeps even that to itself.
/// </summary>
internal static class ReaderWatch
{
    private const int Interrupted = 4;
    private const int WithoutEnd = -1;

    /// <summary>Begins to watch.</summary>
    /// <param name="output">The writing end; of anything but a pipe or a socket the reader never goes.</param>
    /// <returns>Cancelled when the reader is gone; never where the system cannot tell.</returns>
    public static CancellationToken Of(SafeHandle output)
    {
        if (OperatingSystem.IsWindows())
            return CancellationToken.None;
        var gone = new CancellationTokenSource();
        // Waits in the system until the reader goes, which may be never: no thread that the program's end waits for.
        new Thread(() => CancelWhenGone(output, gone)) { IsBackground = true, Name = nameof(ReaderWatch) }.Start();
        return gone.Token;
    }

    private static void CancelWhenGone(SafeHandle output, CancellationTokenSource gone)
    {
        // No event is asked for: errors and hang-ups are told in any case.
        var end = new PollDescriptor { File = (int)output.DangerousGetHandle() };
        int found;
        do
            found = Poll(ref end, 1, WithoutEnd);
        while (found < 0 && Marshal.GetLastPInvokeError() == Interrupted);
        if (found > 0)
            gone.Cancel();
    }

    [DllImport("libc", EntryPoint = "poll", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Poll(ref PollDescriptor descriptors, nuint count, int milliseconds);

    // struct pollfd
    private struct PollDescriptor
    {
        public int File;
        public short Events;
        public short Returned;
    }
}
