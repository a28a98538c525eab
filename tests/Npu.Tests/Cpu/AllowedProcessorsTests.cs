using System.Globalization;
using AkkaCp.Npu.Cpu;
using Xunit;

namespace AkkaCp.Npu.Tests.Cpu;

public sealed class AllowedProcessorsTests
{
    [Fact]
    public void AllowedProcessors_AreThoseThatTheKernelLists()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "reads /proc");
        const string key = "Cpus_allowed_list:";
        var list = File.ReadLines("/proc/self/status").Single(line => line.StartsWith(key, StringComparison.Ordinal))[key.Length..];
        Assert.Equal(list.Split(',').SelectMany(Range), CpuDevice.AllowedProcessors);
    }

    // "3" or "0-7".
    private static IEnumerable<int> Range(string text)
    {
        var ends = text.Split('-').Select(end => int.Parse(end, CultureInfo.InvariantCulture)).ToArray();
        return Enumerable.Range(ends[0], ends[^1] - ends[0] + 1);
    }
}
