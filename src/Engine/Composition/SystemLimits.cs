using System.Globalization;

namespace AkkaCp.Engine.Composition;

/// <summary>What the system lets this process have, in bytes and threads. What it does not say is unbounded.</summary>
internal sealed record SystemLimits
{
    // What is no limit, so large that sums of it do not overflow.
    private const long Unbounded = long.MaxValue / 4;

    /// <summary>Memory and swap of the machine, or of the container where that is less.</summary>
    public long Total { get; init; } = Unbounded;

    /// <summary>What of it is not in use now.</summary>
    public long Available { get; init; } = Unbounded;

    /// <summary>Address space that the process has left below its limit (ulimit -v, ulimit -d).</summary>
    public long AddressSpace { get; init; } = Unbounded;

    /// <summary>Threads of the machine, the user, or the container.</summary>
    public long Threads { get; init; } = Unbounded;

    /// <summary>Those of now.</summary>
    /// <param name="root">Where /proc and /sys are; a test has its own.</param>
    public static SystemLimits Read(string root = "/")
    {
        var memory = Table(root, "proc/meminfo");
        var (groupTotal, groupAvailable, groupThreads) = Group(root);
        return new SystemLimits
        {
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

    private static long Number(string root, string file, long missing = Unbounded) =>
        Lines(root, file) is [var text, ..] ? Parse(text, missing) : missing;

    /// <summary>Lines <c>Name: 12 kB</c> or <c>name 12</c>, in bytes.</summary>
    private static Dictionary<string, long> Table(string root, string file)
    {
        var table = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var line in Lines(root, file))
        {
            var parts = line.Split([' ', '\t', ':'], StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length >= 2 && Parse(parts[1], -1) is >= 0 and var value)
                table[parts[0]] = parts is [_, _, "kB", ..] ? value * 1024 : value;
        }

        return table;
    }

    // "max" and "unlimited" are no numbers; a limit of version 1 that nobody set is one, just below 2^63.
    private static long Parse(string text, long otherwise) =>
        ulong.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? (long)Math.Min(value, Unbounded)
            : otherwise;

    // Another system has no such files, and a container may hide them.
    private static string[] Lines(string root, string file)
    {
        try
        {
            return File.ReadAllLines(Path.Combine(root, file));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
