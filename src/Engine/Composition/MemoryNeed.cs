using System.Globalization;
using AkkaCp.Settings;

namespace AkkaCp.Engine.Composition;

/// <summary>What some ranks will take in this process, known before any of it is taken.</summary>
/// <param name="Ranks">Ranks.</param>
/// <param name="WeightBytes">Weights, equal pieces counted once.</param>
/// <param name="KvBytes">KV pools of all of them.</param>
/// <param name="RotaryBytes">The table of rotary angles.</param>
/// <param name="Threads">Computing threads of all of them.</param>
/// <param name="KvKey">The key that decides about the KV pools.</param>
internal sealed record MemoryNeed(int Ranks, long WeightBytes, long KvBytes, long RotaryBytes, int Threads, string KvKey)
{
    // Kept for what is mapped beside tensors, by the runtime and by the threads of actors and sockets, from here to the first answer:
    // a margin chosen from limits at which starts of the demo model went well and went wrong. Without it the runtime is the one to find no
    // memory, and ends the process where it stands, or waits for ever.
    private const long RuntimeAddressSpace = 768L << 20;

    // Stacks are mapped whole, 8 MiB each unless the system says otherwise, and touched little.
    private const long StackAddressSpace = 8L << 20;

    private const int OtherThreads = 64;

    // Left to the system, the runtime and the program around the engine.
    private const long LeastReserve = 1L << 30;

    // Where the system does not say what is free.
    private const long PoolWhereNothingIsKnown = 1L << 30;

    /// <summary>Working memory of all threads.</summary>
    public long ScratchBytes { get; init; }

    /// <summary>What the KV pools take at least, where they are as large as the machine allows; null where their size is given.</summary>
    public long? LeastKvBytes { get; init; }

    /// <summary>All of it.</summary>
    public long Bytes => KvBytes + BesideKv;

    private long BesideKv => WeightBytes + RotaryBytes + ScratchBytes;

    private long MappedBesideKv => BesideKv + (Threads * StackAddressSpace) + RuntimeAddressSpace;

    /// <summary>What weights and threads leave for the KV pool of each rank: of the memory that is free all but 1 GiB or a tenth, and no
    /// more than the limit of address space.</summary>
    public long KvBytesPerRank(SystemLimits limits) => limits.Free is { } free
        ? Math.Min(FreeForKv(free), limits.AddressSpace - MappedBesideKv) / Ranks
        : PoolWhereNothingIsKnown;

    /// <summary>Refuses what cannot fit, before it is tried.</summary>
    /// <exception cref="SettingsException">Each key that asks for too much, with what it asks for and what there is.</exception>
    public void RequireFits(SystemLimits limits)
    {
        if (Problems(limits) is { Count: > 0 } problems)
            throw new SettingsException(problems);
    }

    /// <summary>Each key that asks for more than there is; none when all of it fits.</summary>
    public IReadOnlyList<string> Problems(SystemLimits limits)
    {
        var problems = new List<string>();
        if (Threads > limits.Threads - OtherThreads)
        {
            problems.Add(
                $"akka-cp.device.threads: expected at most {Math.Max(0, limits.Threads - OtherThreads)} threads, which the system allows, "
                + $"found {Threads} for {RanksText}");
        }

        var resident = WeightBytes + RotaryBytes;
        if (resident > limits.Available)
        {
            problems.Add(Text("akka-cp.model.path", "weights that fit the memory that is free", limits.Available, resident));
        }
        else if (BesideKv > limits.Available)
        {
            problems.Add(Text("akka-cp.device.threads", "working memory of threads that fits the memory that is free",
                limits.Available - resident, ScratchBytes));
        }
        else if (LeastKvBytes is { } least && limits.Free is { } free && least > FreeForKv(free))
        {
            problems.Add(Text(KvKey, "KV pools for one request in the memory that is free", FreeForKv(free), least)
                + $"; of {Size(free)} that is free, {Size(Reserve(free))} stays so"
                + (limits.Claimed > 0 ? $", and other engines and nodes here have {Size(limits.Claimed)} to come: give each a size" : ""));
        }
        else if (Bytes > limits.Total)
        {
            problems.Add(Text(KvKey, "KV pools that fit the machine's memory", limits.Total - BesideKv, KvBytes));
        }
        else if (MappedBesideKv + KvBytes is var mapped && mapped > limits.AddressSpace)
        {
            var key = KvBytes >= resident ? KvKey : "akka-cp.model.path";
            problems.Add(Text(key, "memory, with stacks and the runtime's, below the limit of address space", limits.AddressSpace, mapped));
        }

        return problems;
    }

    private long FreeForKv(long free) => free - Reserve(free) - BesideKv;

    private static long Reserve(long free) => Math.Max(LeastReserve, free / 10);

    private string Text(string key, string what, long available, long wanted) =>
        $"{key}: expected {what}, {Size(Math.Max(0, available))} available, found {Size(wanted)} wanted "
        + $"({RanksText}: weights {Size(WeightBytes)}, KV {Size(KvBytes)}, "
        + $"rotary table {Size(RotaryBytes)}, threads' memory {Size(ScratchBytes)})";

    private string RanksText => Ranks == 1 ? "1 rank" : $"{Ranks} ranks, which parallel.tp, parallel.attn-cp or cluster.places ask for";

    private static string Size(long bytes) => bytes < 10L << 30
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / (1024.0 * 1024):0.0} MiB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / (1024.0 * 1024 * 1024):0.0} GiB");
}
