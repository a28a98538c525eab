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

    /// <summary>Working memory of all threads.</summary>
    public long ScratchBytes { get; init; }

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
        else if (resident + ScratchBytes > limits.Available)
        {
            problems.Add(Text("akka-cp.device.threads", "working memory of threads that fits the memory that is free",
                limits.Available - resident, ScratchBytes));
        }
        else if (resident + ScratchBytes + KvBytes > limits.Total)
        {
            problems.Add(Text(KvKey, "KV pools that fit the machine's memory", limits.Total - resident - ScratchBytes, KvBytes));
        }
        else if (resident + ScratchBytes + KvBytes + (Threads * StackAddressSpace) + RuntimeAddressSpace is var mapped
            && mapped > limits.AddressSpace)
        {
            var key = KvBytes >= resident ? KvKey : "akka-cp.model.path";
            problems.Add(Text(key, "memory, with stacks and the runtime's, below the limit of address space", limits.AddressSpace, mapped));
        }

        return problems;
    }

    private string Text(string key, string what, long available, long wanted) =>
        $"{key}: expected {what}, {Size(Math.Max(0, available))} available, found {Size(wanted)} wanted "
        + $"({RanksText}: weights {Size(WeightBytes)}, KV {Size(KvBytes)}, "
        + $"rotary table {Size(RotaryBytes)}, threads' memory {Size(ScratchBytes)})";

    private string RanksText => Ranks == 1 ? "1 rank" : $"{Ranks} ranks, which parallel.tp, parallel.attn-cp or cluster.places ask for";

    private static string Size(long bytes) => bytes < 10L << 30
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / (1024.0 * 1024):0.0} MiB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / (1024.0 * 1024 * 1024):0.0} GiB");
}
