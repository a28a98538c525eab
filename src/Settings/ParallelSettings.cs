namespace AkkaCp.Settings;

/// <summary>akka-cp.parallel: how many ranks there are and how they share the work.
/// Which combinations exist, the topology checks.</summary>
public sealed record ParallelSettings
{
    /// <summary>The largest number of ranks a key accepts.</summary>
    internal const int MaxRanks = 4096;

    /// <summary>Ranks in all (pipeline parallelism aside). Default null (auto): <see cref="AttnCp"/>. 1 to 4096.</summary>
    public int? Tp { get; init; }

    /// <summary>Ranks that share a prompt's tokens in attention. Default 1: no context parallelism. 1 to 4096.</summary>
    public int AttnCp { get; init; } = 1;

    /// <summary>Copies of the experts. Default null (auto): <see cref="AttnCp"/>, experts work on local rows. 1 to 4096.</summary>
    public int? MoeDp { get; init; }

    /// <summary>Ranks that share the experts of a copy, whole experts each. Default 1. 1 to 4096.</summary>
    public int Ep { get; init; } = 1;

    /// <summary>How long a rank waits for its peers of the same process in a collective. Default null (off):
    /// for ever, until the step's own limit.</summary>
    public TimeSpan? CollectiveTimeout { get; init; }

    /// <summary><see cref="Tp"/> with its default in place.</summary>
    public int EffectiveTp => Tp ?? AttnCp;

    /// <summary><see cref="MoeDp"/> with its default in place.</summary>
    public int EffectiveMoeDp => MoeDp ?? AttnCp;

    internal static ParallelSettings Read(SettingsSection section) => new()
    {
        Tp = section.IntOrAuto("parallel.tp", 1, MaxRanks),
        AttnCp = section.Int("parallel.attn-cp", 1, MaxRanks),
        MoeDp = section.IntOrAuto("parallel.moe-dp", 1, MaxRanks),
        Ep = section.Int("parallel.ep", 1, MaxRanks),
        CollectiveTimeout = section.DurationOrOff("parallel.collective-timeout"),
    };
}
