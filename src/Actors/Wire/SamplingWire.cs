using AkkaCp.Model.Sampling;

namespace AkkaCp.Actors.Wire;

/// <summary>Sampling options and sampled tokens on the wire.</summary>
internal static class SamplingWire
{
    public static void Write(this WireWriter to, SamplingOptions options)
    {
        to.Float(options.Temperature);
        to.Int(options.TopK);
        to.Float(options.TopP);
        to.Float(options.MinP);
        to.Float(options.RepetitionPenalty);
        to.Float(options.PresencePenalty);
        to.Float(options.FrequencyPenalty);
        to.Long((long)options.Seed);
        to.Int(options.TopLogprobs);
        to.Bool(options.Logprobs);
        to.Optional(options.LogitBias, bias => to.Sequence(bias.OrderBy(entry => entry.Key).ToArray(), entry =>
        {
            to.Int(entry.Key);
            to.Float(entry.Value);
        }));
    }

    public static SamplingOptions SamplingOptions(this WireReader from) => new()
    {
        Temperature = from.Float(),
        TopK = from.Int(),
        TopP = from.Float(),
        MinP = from.Float(),
        RepetitionPenalty = from.Float(),
        PresencePenalty = from.Float(),
        FrequencyPenalty = from.Float(),
        Seed = from.ULong(),
        TopLogprobs = from.Int(),
        Logprobs = from.Bool(),
        LogitBias = from.Optional(() => LogitBias(from)),
    };

    public static void Write(this WireWriter to, SampledToken token)
    {
        to.Int(token.Id);
        to.Float(token.Logprob);
        to.Sequence(token.TopLogprobs, other =>
        {
            to.Int(other.Id);
            to.Float(other.Logprob);
        });
    }

    public static SampledToken SampledToken(this WireReader from) =>
        new(from.Int(), from.Float(), from.Sequence(5, () => new TokenLogprob(from.Int(), from.Float())));

    /// <remarks>An id that comes twice keeps its last bias.</remarks>
    private static Dictionary<int, float> LogitBias(WireReader from)
    {
        var bias = new Dictionary<int, float>();
        foreach (var (id, value) in from.Sequence(5, () => (from.Int(), from.Float())))
            bias[id] = value;
        return bias;
    }
}
