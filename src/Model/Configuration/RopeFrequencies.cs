namespace AkkaCp.Model.Configuration;

/// <summary>
/// Angles for each token and pair i of a head: ω_i = θ^(−2i/D); linear: ω_i / s; yarn (arXiv 2309.00071, HF
/// _compute_yarn_parameters): a blend of ω_i and ω_i / s by how often the pair turns within the trained context.
/// </summary>
internal static class RopeFrequencies
{
    public static (double[] InverseFrequencies, double AttentionFactor) Compute(ModelConfig config)
    {
        var d = config.HeadDim;
        var inverse = new double[d / 2];
        for (var i = 0; i < inverse.Length; i++)
            inverse[i] = Math.Pow(config.RopeTheta, -2.0 * i / d);

        switch (config.RopeScaling)
        {
            case { Type: RopeScalingType.Linear } linear:
                DivideAllInPlace(inverse, linear.Factor);
                return (inverse, 1);
            case { Type: RopeScalingType.Yarn } yarn:
                BlendInPlace(inverse, yarn, config.RopeTheta);
                return (inverse, yarn.AttentionFactor ?? MscaleFactor(yarn));
            default:
                return (inverse, 1);
        }
    }

    private static void DivideAllInPlace(double[] inverse, double factor)
    {
        for (var i = 0; i < inverse.Length; i++)
            inverse[i] /= factor;
    }

    private static void BlendInPlace(double[] inverse, RopeScaling yarn, double theta)
    {
        var (low, high) = Ramp(yarn, theta, 2 * inverse.Length);
        for (var i = 0; i < inverse.Length; i++)
        {
            var stretched = Math.Clamp((i - low) / (high - low), 0, 1);
            inverse[i] = (inverse[i] / yarn.Factor * stretched) + (inverse[i] * (1 - stretched));
        }
    }

    private static (double Low, double High) Ramp(RopeScaling yarn, double theta, int d)
    {
        var low = PairThatTurns(yarn.BetaFast);
        var high = PairThatTurns(yarn.BetaSlow);
        if (yarn.Truncate)
            (low, high) = (Math.Floor(low), Math.Ceiling(high));

        (low, high) = (Math.Max(low, 0), Math.Min(high, d - 1));

        // HF's guard against a ramp of no width.
        return (low, low == high ? high + 0.001 : high);

        double PairThatTurns(double rotations) =>
            d * Math.Log(yarn.OriginalMaxPositionEmbeddings / (rotations * 2 * Math.PI)) / (2 * Math.Log(theta));
    }

    private static double MscaleFactor(RopeScaling yarn) =>
        yarn is { Mscale: > 0, MscaleAllDim: > 0 }
            ? Mscale(yarn.Factor, yarn.Mscale.Value) / Mscale(yarn.Factor, yarn.MscaleAllDim.Value)
            : Mscale(yarn.Factor, 1);

    private static double Mscale(double factor, double coefficient) =>
        factor <= 1 ? 1 : (0.1 * coefficient * Math.Log(factor)) + 1;
}
