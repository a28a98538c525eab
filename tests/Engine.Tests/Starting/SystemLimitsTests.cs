using AkkaCp.Engine.Composition;
using Xunit;

namespace AkkaCp.Engine.Tests.Starting;

public sealed class SystemLimitsTests : IDisposable
{
    private const long MiB = 1 << 20;
    private readonly string _root = Directory.CreateTempSubdirectory("akkacp-limits-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Machine_GivesMemoryWithSwap()
    {
        Write("proc/meminfo", "MemTotal:  2048 kB\nMemFree: 1 kB\nMemAvailable: 1024 kB\nSwapTotal: 2048 kB\nSwapFree: 512 kB\n");

        var found = SystemLimits.Read(_root);

        Assert.Equal((4 * MiB, MiB * 3 / 2), (found.Total, found.Available));
    }

    [Fact]
    public void Container_GivesTheTightestOfItsGroups_AndPagesOfFilesAreFree()
    {
        Write("proc/meminfo", "MemTotal: 1048576 kB\nMemAvailable: 1048576 kB\n");
        Write("proc/self/cgroup", "0::/pod/main\n");
        Write("sys/fs/cgroup/pod/memory.max", $"{100 * MiB}\n");
        Write("sys/fs/cgroup/pod/memory.current", $"{60 * MiB}\n");
        Write("sys/fs/cgroup/pod/memory.stat", $"anon 5\ninactive_file {20 * MiB}\n");
        Write("sys/fs/cgroup/pod/main/memory.max", "max\n");
        Write("sys/fs/cgroup/pod/main/pids.max", "50\n");

        var found = SystemLimits.Read(_root);

        Assert.Equal((100 * MiB, 60 * MiB, 50L), (found.Total, found.Available, found.Threads));
    }

    [Fact]
    public void ContainerOfVersionOne_IsRead()
    {
        Write("proc/self/cgroup", "5:cpu,memory:/box\n1:name=systemd:/\n");
        Write("sys/fs/cgroup/memory/box/memory.limit_in_bytes", $"{MiB}\n");
        Write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");

        Assert.Equal(MiB, SystemLimits.Read(_root).Total);
    }

    [Fact]
    public void AddressSpace_IsWhatTheProcessHasLeft()
    {
        Write("proc/self/limits",
            "Limit                     Soft Limit           Hard Limit           Units     \n"
            + "Max data size             unlimited            unlimited            bytes     \n"
            + "Max processes             77                   77                   processes \n"
            + "Max address space         10485760             unlimited            bytes     \n");
        Write("proc/self/status", "Name:\takkacp\nVmSize:\t    4096 kB\nVmData:\t 100 kB\n");

        var found = SystemLimits.Read(_root);

        Assert.Equal((6 * MiB, 77L), (found.AddressSpace, found.Threads));
    }

    [Fact]
    public void SystemThatSaysNothing_LimitsNothing()
    {
        var found = SystemLimits.Read(_root);

        Assert.All([found.Total, found.Available, found.AddressSpace, found.Threads], limit => Assert.True(limit > 1L << 60));
    }

    private void Write(string file, string text)
    {
        var path = Path.Combine(_root, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
