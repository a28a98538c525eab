using AkkaCp.Faults.Tests.Hosts;
using Xunit;

namespace AkkaCp.Faults.Tests;

/// <summary>What these tests need of the machine.</summary>
internal static class HostTests
{
    private static readonly Lazy<string?> s_missing = new(HostNetwork.Missing);

    /// <summary>Skips a test on a machine that cannot have hosts of its own.</summary>
    /// <param name="tools">Programs that it runs on a host.</param>
    public static void SkipWhereThereAreNone(params string[] tools)
    {
        if (s_missing.Value is { } missing)
            Assert.Skip(missing);
        foreach (var tool in tools)
        {
            if (Shell.TryRun(tool, "-V").Exit == 127)
                Assert.Skip($"{tool} is not installed");
        }
    }
}
