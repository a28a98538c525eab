using System.Text.Json;

namespace AkkaCp.Model.Configuration;

/// <summary>
/// Reads rope_theta and rope_scaling, or their newer common form rope_parameters, as transformers 5 does: an empty object is none, a
/// missing type is "default", and the base stands inside the object or beside it.
/// </summary>
internal static class RopeScalingParser
{
    private const double MaxTheta = 1e12;
    private const double MaxFactor = 1e6;
    private const string OriginalKey = "original_max_position_embeddings";

    /// <summary>Base and scaling, and the keys of the object that are passed over.</summary>
    public static (double Theta, RopeScaling? Scaling, IReadOnlyList<string> Unknown) Read(JsonFields config, int maxPositions)
    {
        var theta = config.Double("rope_theta", 1.0001, MaxTheta, 10_000)!.Value;
        var outside = config.Int(OriginalKey, 1 << 28, whenMissing: 0);
        if (ChosenObject(config) is not { } fields)
            return (theta, null, []);

        fields.Refuse(ConfigKeys.Rope);
        theta = fields.Double("rope_theta", 1.0001, MaxTheta, theta)!.Value;
        return (theta, ReadScaling(fields, outside, maxPositions), [.. fields.UnknownTo(ConfigKeys.Rope)]);
    }

    /// <summary>The one of both objects that says something; null when neither does.</summary>
    private static JsonFields? ChosenObject(JsonFields config)
    {
        var scaling = NotEmpty(config.Object("rope_scaling"));
        var parameters = NotEmpty(config.Object("rope_parameters"));
        if (scaling is not null && parameters is not null && !JsonElement.DeepEquals(scaling.Source, parameters.Source))
            config.Note("rope_scaling", "the same as rope_parameters, or one of them only", scaling.Source.GetRawText());
        return parameters ?? scaling;
    }

    private static JsonFields? NotEmpty(JsonFields? fields) =>
        fields is not null && fields.Source.EnumerateObject().Any() ? fields : null;

    private static RopeScaling? ReadScaling(JsonFields fields, int originalOutside, int maxPositions)
    {
        // Older files write "type", newer ones "rope_type"; HF prefers the newer.
        var key = fields.Has("rope_type") || !fields.Has("type") ? "rope_type" : "type";
        switch (fields.Text(key, required: !fields.Has(key) && Stretches(fields)))
        {
            case null or "default":
                return null;
            case "linear":
                return new RopeScaling { Type = RopeScalingType.Linear, Factor = RequiredFactor(fields) };
            case "yarn":
                return ReadYarn(fields, originalOutside, maxPositions);
            case var other:
                fields.Note(key, "default, linear or yarn", other);
                return null;
        }
    }

    /// <summary>Whether a scaling without a type would be dropped in silence as the default.</summary>
    private static bool Stretches(JsonFields fields) =>
        (fields.Has("factor") && fields.Double("factor", 0, double.MaxValue, 1) != 1)
        || fields.Has("short_factor") || fields.Has("long_factor") || fields.Has("low_freq_factor") || fields.Has("alpha");

    private static RopeScaling ReadYarn(JsonFields fields, int originalOutside, int maxPositions)
    {
        // HF prefers the key beside the object to the one inside.
        var inside = fields.Int(OriginalKey, 1 << 28, whenMissing: maxPositions);
        var original = originalOutside > 0 ? originalOutside : inside;
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
        var isOriginalGiven = originalOutside > 0 || fields.Has(OriginalKey);
        var factor = fields.Has("factor") || !isOriginalGiven || original == 0
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
            fields.Note("factor", "a number of at least 1", "nothing");

        return fields.Double("factor", 1, MaxFactor, 1)!.Value;
    }
}
