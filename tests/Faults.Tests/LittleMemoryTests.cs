using AkkaCp.Faults.Tests.Hosts;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Faults.Tests;

/// <summary>Processes with little address space answer, or say what they lack; none hangs.</summary>
public sealed class LittleMemoryTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(150);

    // Below the first, .NET itself comes up only sometimes; with the last there is room.
    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(16)]
    public async Task RunBelowALimitOfAddressSpace_AnswersOrSaysWhatItLacks(int gibibytes)
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("limits of address space are set on Linux");
        using var run = new HostProcess(
            "run",
            [
                "sh", "-c", "ulimit -v $0; exec dotnet \"$@\"", $"{gibibytes * 1024L * 1024}",
                Path.Combine(AppContext.BaseDirectory, "akkacp.dll"),
                "run", "--model", RepositoryFiles.TinyModel("f32"), "--raw", "a", "--max-tokens", "4", "--ignore-eos",
                "--set", "akka-cp.kv-cache.memory=1GiB",
            ]);

        var exit = await run.WaitForExitAsync(s_limit);

        if (exit == 0)
            Assert.NotEmpty(run.Output);
        else
            Assert.NotEmpty(run.Errors);
        Assert.True(gibibytes < 16 || exit == 0, run.Tail());
    }
}
