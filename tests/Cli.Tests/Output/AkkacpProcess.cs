using System.Diagnostics;
using Xunit;

namespace AkkaCp.Cli.Tests.Output;

/// <summary>The command as a process of its own, whose output the test reads as far as it likes; disposing kills it.</summary>
internal sealed class AkkacpProcess : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2);

    private readonly Process _process;
    private readonly Task<string> _errors;

    public AkkacpProcess(params string[] args)
        : this("dotnet", [typeof(Program).Assembly.Location, .. args])
    {
    }

    private AkkacpProcess(string file, string[] args)
    {
        _process = Process.Start(new ProcessStartInfo(file, args)
        {
            RedirectStandardInput = true, // Not left open to a prompt.
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        _process.StandardInput.Close();
        _errors = _process.StandardError.ReadToEndAsync();
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>What it writes.</summary>
    public Stream Output => _process.StandardOutput.BaseStream;

    /// <summary>Runs it in a shell that does <paramref name="redirection"/>, such as <c>&gt;/dev/full</c>.</summary>
    public static AkkacpProcess Redirected(string redirection, params string[] args) =>
        new("sh", ["-c", $"exec dotnet \"$0\" \"$@\" {redirection}", typeof(Program).Assembly.Location, .. args]);

    /// <summary>Reads some bytes, then goes away.</summary>
    public async Task ReadAndLeaveAsync(int bytes)
    {
        await Output.ReadExactlyAsync(new byte[bytes], TestContext.Current.CancellationToken).AsTask().WaitAsync(s_limit);
        Output.Close();
    }

    /// <summary>Waits for its end; gives the exit code and the lines on standard error that are no progress.</summary>
    public async Task<(int ExitCode, string[] Errors)> EndAsync()
    {
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(s_limit);
        var lines = (await _errors).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return (_process.ExitCode, [.. lines.Where(line => !IsProgress(line))]);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    private static bool IsProgress(string line) =>
        line.StartsWith("akkacp: loading", StringComparison.Ordinal) || line.StartsWith("akkacp: prefill", StringComparison.Ordinal);
}
