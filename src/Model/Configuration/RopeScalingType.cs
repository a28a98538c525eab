namespace AkkaCp.Model.Configuration;

/// <summary>Rules that stretch rotary angles.</summary>
public enum RopeScalingType
{
    /// <summary>Every angle divided by the factor.</summary>
    Linear,

    /// <summary>YaRN (arXiv 2309.00071): slow pairs divided by the factor, fast ones kept, a ramp between.</summary>
    Yarn,
}
