using AkkaCp.Collectives.Topology;
using AkkaCp.Engine;
using AkkaCp.Npu.Cpu.Products.Kernels;
using AkkaCp.Scheduling.Requests;
using AkkaCp.Settings;

namespace AkkaCp.Cli;

/// <summary>What an exception is to the caller of a command: one line on stderr and an exit code.</summary>
internal static class ErrorReport
{
    /// <summary>The command did what it should.</summary>
    public const int Success = 0;

    /// <summary>The run failed.</summary>
    public const int Failed = 1;

    /// <summary>The command line or the configuration is wrong.</summary>
    public const int WrongUsage = 2;

    /// <summary>Nobody read the output to its end: what a shell reports of a program that SIGPIPE ended.</summary>
    public const int Unread = 141;

    /// <summary>Writes the line, and the stack trace if it is wanted; gives the exit code.</summary>
    public static int Write(TextWriter stderr, Exception error, bool verbose)
    {
        try
        {
            stderr.WriteLine(error is OperationCanceledException ? "akkacp: cancelled" : $"akkacp: {OneLine(error.Message)}");
            if (verbose && error is not OperationCanceledException)
                stderr.WriteLine(error);
        }
        catch (Exception closed) when (closed is IOException or UnauthorizedAccessException)
        {
            // Nobody reads stderr: the exit code remains.
        }

        return ExitCodeOf(error);
    }

    private static int ExitCodeOf(Exception error) => error switch
    {
        UsageException or TopologyException or SettingsException or KernelsUnavailableException => WrongUsage,
        GenerationException { Kind: FailureKind.Invalid } => WrongUsage,
        _ => Failed,
    };

    private static string OneLine(string message) => string.Join(
        "; ", message.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
}
