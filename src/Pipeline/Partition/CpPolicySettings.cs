namespace AkkaCp.Pipeline.Partition;

/// <summary>Thresholds of <see cref="CpPolicy"/>.</summary>
public sealed record CpPolicySettings
{
    /// <summary>
    /// The shortest extend, in tokens, that is split over the ranks (context-parallel.min-tokens); 0 splits whatever has 2C tokens.
    /// Below it a prompt's work is mostly reading the experts' weights, which every rank would do.
    /// </summary>
    public int MinTokens { get; init; } = 128;

    /// <summary>
    /// The longest prompt chunk, in tokens, that is replicated when it is alone in its step; 0 replicates none. So few rows take a
    /// rank hardly longer than one, and every rank computing them saves one gather per layer.
    /// </summary>
    public int ReplicateTokens { get; init; } = 16;
}
