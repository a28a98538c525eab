using System.Diagnostics;

namespace AkkaCp.Faults.Tests.Hosts;

/// <summary>Runs one system command to its end.</summary>
internal static class Shell
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(10);

    /// <summary>Runs it; a non-zero exit is an error with what it said.</summary>
    public static string Run(string program, params string[] arguments)
    {
        var (exit, said) = TryRun(program, arguments);
        return exit == 0 ? said : throw new InvalidOperationException(
            $"{program} {string.Join(' ', arguments)}: expected exit code 0, found {exit}: {said}");
    }

    /// <summary>Runs it and tells how it ended; 127 where there is no such program.</summary>
    public static (int Exit, string Said) TryRun(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            using var process = Process.Start(start)!;
            var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            if (!process.WaitForExit(s_limit))
            {
                process.Kill();
                return (124, $"did not end within {s_limit.TotalSeconds} s");
            }

            return (process.ExitCode, (output.Result + error.Result).Trim());
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            return (127, missing.Message);
        }
    }
}
