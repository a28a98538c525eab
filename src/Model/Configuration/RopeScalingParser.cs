namespace AkkaCp.Model.Configuration;

/// <summary>Reads rope_theta and rope_scaling, or their newer common form rope_parameters.</summary>
internal static class RopeScalingParser
{
    private const double MaxTheta = 1e12;
    private const double MaxFactor = 1e6;

    public static (double Theta, RopeScaling? Scaling) Read(JsonFields config, int maxPositions)
    {
        var theta = config.Double("rope_theta", 1.0001, MaxTheta, 10_000)!.Value;
        if (config.Object("rope_parameters") is { } parameters)
        {
            return (parameters.Double("rope_theta", 1.0001, MaxTheta, theta)!.Value, ReadScaling(parameters, maxPositions));
        }

        return (theta, config.Object("rope_scaling") is { } scaling ? ReadScaling(scaling, maxPositions) : null);
    }

    private static RopeScaling? ReadScaling(JsonFields fields, int maxPositions)
    {
        // Older files write "type", newer ones "rope_type"; HF prefers the newer.
        var key = fields.Has("rope_type") ? "rope_type" : "type";
        switch (fields.Text(key, required: true))
        {
            case null or "default":
                return null;
            case "linear":
                return new RopeScaling { Type = RopeScalingType.Linear, Factor = RequiredFactor(fields) };
            case "yarn":
                return ReadYarn(fields, maxPositions);
            case var other:
                fields.Note(key, "default, linear or yarn", other);
                return null;
        }
    }

    private static RopeScaling ReadYarn(JsonFields fields, int maxPositions)
    {
        var original = fields.Int("original_max_position_embeddings", 1 << 28, whenMissing: maxPositions);
        var betaFast = fields.Double("beta_fast", 1e-6, 1e6, 32)!.Value;
        var betaSlow = fields.Double("beta_slow", 1e-6, 1e6, 1)!.Value;
        if (betaFast < betaSlow)
        {
            fields.Note(
                "beta_fast",
                FormattableString.Invariant($"at least beta_slow ({betaSlow})"),
                FormattableString.Invariant($"{betaFast}"));
        }

        // A factor that the file names wins over max_position_embeddings / original, as in vLLM, SGLang and HF since version 5:
        // Qwen3's documented long-context setting keeps max_position_embeddings as it was.
        var factor = fields.Has("factor") || !fields.Has("original_max_position_embeddings") || original == 0
            ? RequiredFactor(fields)
            : Math.Max(1.0, (double)maxPositions / original);
        return new RopeScaling
        {
            Type = RopeScalingType.Yarn,
            Factor = factor,
            OriginalMaxPositionEmbeddings = original,
            BetaFast = betaFast,
            BetaSlow = betaSlow,
            AttentionFactor = fields.Double("attention_factor", 1e-6, 1e6, null),
            Mscale = fields.Double("mscale", 0, 1e6, null),
            MscaleAllDim = fields.Double("mscale_all_dim", 0, 1e6, null),
            Truncate = fields.Bool("truncate", true),
        };
    }

    private static double RequiredFactor(JsonFields fields)
    {
        if (!fields.Has("factor"))
        {
            fields.Note("factor", "a number of at least 1", "nothing");
        }

        return fields.Double("factor", 1, MaxFactor, 1)!.Value;
    }
}
