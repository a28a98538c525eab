namespace AkkaCp.Settings;

/// <summary>akka-cp.kv-cache: the paged pool of each rank.</summary>
public sealed record KvCacheSettings
{
    // A slot's number is an int; two blocks more than asked for may be made.
    internal const int MaxTokens = int.MaxValue - 2047;

    /// <summary>Tokens of a block. Default 128; a multiple of 16 from 16 to 1024.</summary>
    public int BlockSizeTokens { get; init; } = 128;

    /// <summary>
    /// Tokens that the pool holds, rounded up to whole blocks. Default null (auto): as many as <see cref="MemoryBytes"/> holds, but no
    /// more than all running requests at the model's full length need.
    /// </summary>
    public int? Tokens { get; init; }

    /// <summary>
    /// Memory for the pool of one rank where <see cref="Tokens"/> is auto, at least 1 MiB. Default null (auto): what the machine or the
    /// container has free at the start, less what the weights and the threads take and a reserve, divided by the ranks of the process.
    /// </summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Whether the pool is as large as the machine's free memory allows.</summary>
    public bool IsSizedByMachine => Tokens is null && MemoryBytes is null;

    /// <summary>What K and V are stored in. Default auto: as the weights.</summary>
    public ComputeDType DType { get; init; } = ComputeDType.Auto;

    /// <summary>Whether requests share full blocks of equal tokens. Default true (on).</summary>
    public bool PrefixCache { get; init; } = true;

    internal static KvCacheSettings Read(SettingsSection section) => new()
    {
        BlockSizeTokens = section.Int("kv-cache.block-size", 16, 1024),
        Tokens = section.IntOrAuto("kv-cache.tokens", 16, MaxTokens),
        MemoryBytes = section.BytesOrAuto("kv-cache.memory", 1 << 20),
        DType = section.Choice("kv-cache.dtype",
            ("auto", ComputeDType.Auto), ("float32", ComputeDType.Float32), ("bfloat16", ComputeDType.BFloat16)),
        PrefixCache = section.Choice("kv-cache.prefix-cache", ("on", true), ("off", false)),
    };
}
