using System.Diagnostics;

namespace AkkaCp.Bench.Report;

/// <summary>Runs a program and keeps what it prints.</summary>
internal static class Command
{
    /// <summary>Runs to the end; standard error goes through.</summary>
    public static async Task<(int Code, string Output)> RunAsync(string[] command)
    {
        using var process = Start(command);
        var output = await process.StandardOutput.ReadToEndAsync().ConfigureAwait(false);
        await process.WaitForExitAsync().ConfigureAwait(false);
        return (process.ExitCode, output);
    }

    /// <summary>Starts with standard output at the caller's.</summary>
    public static Process Start(string[] command, bool quiet = false) => Process.Start(new ProcessStartInfo(command[0], command[1..])
    {
        RedirectStandardOutput = true,
        RedirectStandardError = quiet,
    }) ?? throw new InvalidOperationException($"{command[0]}: expected a new process, found none");
}
