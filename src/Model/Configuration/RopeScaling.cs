namespace AkkaCp.Model.Configuration;

/// <summary>How rotary angles are stretched beyond the trained context; HF's rope_scaling without its defaults.</summary>
public sealed record RopeScaling
{
    /// <summary>The rule.</summary>
    public required RopeScalingType Type { get; init; }

    /// <summary>How many times longer the context becomes; at least 1.</summary>
    public required double Factor { get; init; }

    /// <summary>Tokens of the trained context; yarn only.</summary>
    public int OriginalMaxPositionEmbeddings { get; init; }

    /// <summary>Rotations within the trained context above which a pair keeps its angle; yarn only.</summary>
    public double BetaFast { get; init; } = 32;

    /// <summary>Rotations within the trained context below which a pair is stretched by the whole factor; yarn only.</summary>
    public double BetaSlow { get; init; } = 1;

    /// <summary>Factor of cos and sin; null = from the mscale rule; yarn only.</summary>
    public double? AttentionFactor { get; init; }

    /// <summary>Numerator's coefficient of the mscale rule; counts only together with <see cref="MscaleAllDim"/>.</summary>
    public double? Mscale { get; init; }

    /// <summary>Denominator's coefficient of the mscale rule.</summary>
    public double? MscaleAllDim { get; init; }

    /// <summary>Whether the bounds of the yarn ramp are rounded to whole pairs.</summary>
    public bool Truncate { get; init; } = true;
}

/// <summary>Rules that stretch rotary angles.</summary>
public enum RopeScalingType
{
    /// <summary>Every angle divided by the factor.</summary>
    Linear,

    /// <summary>YaRN (arXiv 2309.00071): slow pairs divided by the factor, fast ones kept, a ramp between.</summary>
    Yarn,
}
