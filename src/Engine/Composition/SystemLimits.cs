using static AkkaCp.Engine.Composition.SystemFiles;

namespace AkkaCp.Engine.Composition;

/// <summary>What the system lets this process have, in bytes and threads. What it does not say is unbounded.</summary>
internal sealed record SystemLimits
{
    /// <summary>Memory and swap of the machine, or of the container where that is less.</summary>
    public long Total { get; init; } = Unbounded;

    /// <summary>What of it is not in use now.</summary>
    public long Available { get; init; } = Unbounded;

    /// <summary>What of the memory alone, without swap, is not in use now; null where the system does not say.</summary>
    public long? Free { get; init; }

    /// <summary>What other engines and nodes are going to take; <see cref="Free"/> is without it.</summary>
    public long Claimed { get; private init; }

    /// <summary>Address space that the process has left below its limit (ulimit -v, ulimit -d).</summary>
    public long AddressSpace { get; init; } = Unbounded;

    /// <summary>Threads of the machine, the user, or the container.</summary>
    public long Threads { get; init; } = Unbounded;

    /// <summary>The same without what others are going to take.</summary>
    public SystemLimits Without(long claimed) => this with
    {
        Claimed = claimed,
        Free = Free is { } free ? Math.Max(0, free - claimed) : null,
    };

    /// <summary>Those of now.</summary>
    /// <param name="root">Where /proc and /sys are; a test has its own.</param>
    public static SystemLimits Read(string root = "/")
    {
        var memory = Table(root, "proc/meminfo");
        var (groupTotal, groupAvailable, groupThreads) = Group(root);
        return new SystemLimits
        {
            Free = Math.Min(memory.GetValueOrDefault("MemAvailable", Unbounded), groupAvailable) is < Unbounded and var free
                ? Math.Max(0, free) : null,
            Total = Math.Min(Sum(memory, "MemTotal", "SwapTotal"), groupTotal),
            Available = Math.Min(Sum(memory, "MemAvailable", "SwapFree"), groupAvailable),
            AddressSpace = AddressSpaceLeft(root),
            Threads = Math.Min(groupThreads, Math.Min(Number(root, "proc/sys/kernel/threads-max"), Limit(root, "Max processes"))),
        };
    }

    private static long AddressSpaceLeft(string root)
    {
        var used = Table(root, "proc/self/status");
        return Math.Min(
            Limit(root, "Max address space") - used.GetValueOrDefault("VmSize"),
            Limit(root, "Max data size") - used.GetValueOrDefault("VmData"));
    }

    /// <summary>The tightest of the control group and those above it; version 2, or the memory controller of version 1.</summary>
    private static (long Total, long Available, long Threads) Group(string root)
    {
        var found = (Total: Unbounded, Available: Unbounded, Threads: Unbounded);
        foreach (var line in Lines(root, "proc/self/cgroup"))
        {
            var parts = line.Split(':', 3);
            if (parts.Length < 3 || (parts[1].Length > 0 && !parts[1].Split(',').Contains("memory")))
                continue;
            var isNew = parts[1].Length == 0;
            var mount = isNew ? "sys/fs/cgroup" : "sys/fs/cgroup/memory";
            for (var path = parts[2].Trim('/'); ; path = path.Contains('/', StringComparison.Ordinal) ? path[..path.LastIndexOf('/')] : "")
            {
                var folder = path.Length == 0 ? mount : $"{mount}/{path}";
                var limit = Number(root, folder + (isNew ? "/memory.max" : "/memory.limit_in_bytes"));
                var used = Number(root, folder + (isNew ? "/memory.current" : "/memory.usage_in_bytes"), 0);
                var pages = Table(root, folder + "/memory.stat").GetValueOrDefault(isNew ? "inactive_file" : "total_inactive_file");
                found = (
                    Math.Min(found.Total, limit), Math.Min(found.Available, limit - used + pages),
                    Math.Min(found.Threads, isNew ? Number(root, folder + "/pids.max") : Unbounded));
                if (path.Length == 0)
                    break;
            }
        }

        return found;
    }

    private static long Sum(Dictionary<string, long> table, string first, string second) =>
        table.TryGetValue(first, out var value) ? value + table.GetValueOrDefault(second) : Unbounded;

    private static long Limit(string root, string name) =>
        Lines(root, "proc/self/limits").FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal)) is { } line
            ? Parse(line[name.Length..].TrimStart().Split(' ')[0], Unbounded)
            : Unbounded;
}
