using System.Diagnostics;

namespace AkkaCp.Engine.Composition;

/// <summary>What other processes have of the memory.</summary>
internal static class ProcessMemory
{
    /// <summary>Bytes that a process has in memory and that are nobody else's; 0 where it is gone or cannot be looked at.</summary>
    public static long ResidentOf(int process)
    {
        // Pages of files are free for others, so on Linux they are left out; elsewhere they cannot be told apart.
        var status = SystemFiles.Table("/", $"proc/{process}/status");
        if (status.TryGetValue("RssAnon", out var own))
            return own + status.GetValueOrDefault("RssShmem");
        try
        {
            using var other = Process.GetProcessById(process);
            return other.WorkingSet64;
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException or NotSupportedException
            or System.ComponentModel.Win32Exception)
        {
            return 0;
        }
    }
}
