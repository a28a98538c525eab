namespace AkkaCp.Settings;

/// <summary>akka-cp.context-parallel: which requests are split over the CP ranks.</summary>
public sealed record ContextParallelSettings
{
    /// <summary>The shortest extend that is split, in tokens. Default 128; 0 (off): whatever has two tokens per rank.</summary>
    public int MinTokens { get; init; } = 128;

    /// <summary>The longest chunk that every rank computes itself when it is alone in its step, in tokens. Default 16; 0 (off):
    /// none.</summary>
    public int ReplicateTokens { get; init; } = 16;

    internal static ContextParallelSettings Read(SettingsSection section) => new()
    {
        MinTokens = section.IntOrOff("context-parallel.min-tokens", 0),
        ReplicateTokens = section.IntOrOff("context-parallel.replicate-tokens", 0),
    };
}
