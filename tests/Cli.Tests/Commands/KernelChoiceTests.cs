using System.Diagnostics;
using Xunit;

namespace AkkaCp.Cli.Tests.Commands;

/// <summary>AKKACP_KERNELS belongs to a process, so these run the executable.</summary>
public sealed class KernelChoiceTests
{
    [Theory]
    [InlineData("check")]
    [InlineData("run", "2+2", "--max-tokens", "1")]
    public async Task UnknownKernels_AreWrongUsage_OneLineThatNamesTheKnownOnes(params string[] args)
    {
        var (exitCode, lines) = await RunAsync("avx1024", args);
        Assert.Equal(2, exitCode);
        var line = Assert.Single(lines);
        Assert.StartsWith("akkacp: AKKACP_KERNELS=avx1024: there are no kernels of that name", line, StringComparison.Ordinal);
        foreach (var name in new[] { "amx", "bf16-avx512", "vnni-avx512", "avx512", "avx2", "vector256", "vector128", "scalar" })
            Assert.Matches($"[ ,]{name}[,.]", line.Replace(". Available", ", Available", StringComparison.Ordinal));
    }

    private static async Task<(int ExitCode, string[] ErrorLines)> RunAsync(string kernels, string[] args)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(Program).Assembly.Location, .. args])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
            Environment = { ["AKKACP_KERNELS"] = kernels },
        };
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await output;
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, error.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
    }
}
