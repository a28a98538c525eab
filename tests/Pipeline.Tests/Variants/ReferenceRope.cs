using System.Text.Json;

namespace AkkaCp.Pipeline.Tests.Variants;

/// <summary>Rotary angles in double: plain, linear, and yarn as in Hugging Face's _compute_yarn_parameters.</summary>
internal sealed class ReferenceRope
{
    private readonly double[] _inverse;
    private readonly double _attentionFactor = 1;

    public ReferenceRope(ReferenceConfig config)
    {
        var d = config.HeadDim;
        _inverse = [.. Enumerable.Range(0, d / 2).Select(i => 1 / Math.Pow(config.RopeTheta, 2.0 * i / d))];
        if (config.RopeParameters is not { } scaling)
            return;

        switch ((scaling.TryGetProperty("rope_type", out var type) ? type : scaling.GetProperty("type")).GetString())
        {
            case "linear":
                _inverse = [.. _inverse.Select(w => w / scaling.GetProperty("factor").GetDouble())];
                break;
            case "yarn":
                (_inverse, _attentionFactor) = Yarn(config, scaling);
                break;
            case "default":
                break;
            case var other:
                throw new NotSupportedException($"rope type {other}");
        }
    }

    /// <summary>x · cos + rotate_half(x) · sin of one head at an absolute position; the second half turns with the first.</summary>
    public void Rotate(Span<double> head, int position)
    {
        var half = head.Length / 2;
        for (var i = 0; i < half; i++)
        {
            var (sin, cos) = Math.SinCos(position * _inverse[i]);
            var (a, b) = (head[i], head[i + half]);
            head[i] = ((a * cos) - (b * sin)) * _attentionFactor;
            head[i + half] = ((b * cos) + (a * sin)) * _attentionFactor;
        }
    }

    private static (double[] Inverse, double AttentionFactor) Yarn(ReferenceConfig config, JsonElement scaling)
    {
        var (d, theta) = (config.HeadDim, config.RopeTheta);
        var factor = scaling.GetProperty("factor").GetDouble();
        var original = ReferenceConfig.Number(scaling, "original_max_position_embeddings", config.MaxPositions);
        var (low, high) = (
            CorrectionDim(ReferenceConfig.Number(scaling, "beta_fast", 32)),
            CorrectionDim(ReferenceConfig.Number(scaling, "beta_slow", 1)));
        if (!scaling.TryGetProperty("truncate", out var truncate) || truncate.GetBoolean())
            (low, high) = (Math.Floor(low), Math.Ceiling(high));

        (low, high) = (Math.Max(low, 0), Math.Min(high, d - 1));
        high += low == high ? 0.001 : 0;
        var inverse = new double[d / 2];
        for (var i = 0; i < inverse.Length; i++)
        {
            var frequency = Math.Pow(theta, 2.0 * i / d);
            var keep = 1 - Math.Clamp((i - low) / (high - low), 0, 1);
            inverse[i] = (1 / (factor * frequency) * (1 - keep)) + (1 / frequency * keep);
        }

        return (inverse, ReferenceConfig.Number(scaling, "attention_factor", AttentionFactor(scaling, factor)));

        double CorrectionDim(double rotations) => d * Math.Log(original / (rotations * 2 * Math.PI)) / (2 * Math.Log(theta));
    }

    private static double AttentionFactor(JsonElement scaling, double factor)
    {
        var mscale = ReferenceConfig.Number(scaling, "mscale", 0);
        var allDim = ReferenceConfig.Number(scaling, "mscale_all_dim", 0);
        return mscale != 0 && allDim != 0 ? Mscale(mscale) / Mscale(allDim) : Mscale(1);

        double Mscale(double coefficient) => factor <= 1 ? 1 : (0.1 * coefficient * Math.Log(factor)) + 1;
    }
}
