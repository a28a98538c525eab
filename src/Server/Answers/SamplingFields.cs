using System.Globalization;
using System.Text.Json;
using AkkaCp.Engine;
using AkkaCp.Server.Http;

namespace AkkaCp.Server.Answers;

/// <summary>Reads the fields that chats and raw prompts share.</summary>
internal static class SamplingFields
{
    /// <summary>Refuses another model than the one that is here.</summary>
    /// <exception cref="ApiException">It is another.</exception>
    public static void CheckModel(SamplingBody body, string model)
    {
        if (body.Model is { } asked && asked != model)
            throw ApiException.ModelNotFound(asked, model);
    }

    /// <summary>What of an answer the shared fields say; the prompts and their tokens are the caller's to add.</summary>
    /// <param name="body">The fields.</param>
    /// <param name="promptField">The field that the prompt is in.</param>
    /// <param name="generations">The prompts.</param>
    /// <exception cref="ApiException">What is wrong.</exception>
    public static AnswerRequest Answer(SamplingBody body, string promptField, IReadOnlyList<GenerationRequest> generations) => new()
    {
        PromptField = promptField,
        Generations = generations,
        Stream = body.Stream ?? false,
        IncludeUsage = IncludesUsage(body),
        ReturnProgress = body.ReturnProgress ?? false,
    };

    /// <summary>The shared fields of a request to the engine.</summary>
    /// <param name="body">The fields.</param>
    /// <param name="topLogprobs">Alternatives to list with each token; null for no log-probabilities.</param>
    /// <exception cref="ApiException">What is wrong.</exception>
    public static GenerationRequest Generation(SamplingBody body, int? topLogprobs) => new()
    {
        N = Choices(body.N),
        MaxTokens = body.MaxTokens,
        Stop = Fields.Strings(body.Stop, "stop", GenerationRequest.MaxStopStrings),
        IgnoreEos = body.IgnoreEos ?? false,
        Sampling = new SamplingOverrides
        {
            Temperature = body.Temperature,
            TopP = body.TopP,
            TopK = body.TopK is -1 ? 0 : body.TopK,
            MinP = body.MinP,
            RepetitionPenalty = body.RepetitionPenalty,
            PresencePenalty = body.PresencePenalty,
            FrequencyPenalty = body.FrequencyPenalty,
            Seed = Seed(body.Seed),
            Logprobs = topLogprobs is not null,
            TopLogprobs = topLogprobs ?? 0,
            LogitBias = LogitBias(body.LogitBias),
        },
    };

    private static int Choices(int? n) => n is null or (>= 1 and <= GenerationRequest.MaxN)
        ? n ?? 1
        : throw ApiException.Wrong("n", $"n must be in [1, {GenerationRequest.MaxN}], found {n}");

    private static bool IncludesUsage(SamplingBody body)
    {
        if (body.StreamOptions is null)
            return false;
        return body.Stream is true
            ? body.StreamOptions.IncludeUsage ?? false
            : throw ApiException.Wrong("stream_options", "stream_options needs stream = true");
    }

    private static ulong? Seed(long? seed) => seed switch
    {
        null => null,
        >= 0 => (ulong)seed,
        _ => throw ApiException.Wrong("seed", $"seed must be at least 0, found {seed}"),
    };

    private static Dictionary<int, float>? LogitBias(JsonElement bias)
    {
        if (bias.IsNone())
            return null;
        var biases = new Dictionary<int, float>();
        foreach (var entry in Fields.Object(bias, "logit_bias").EnumerateObject())
        {
            var field = $"logit_bias[{ApiException.Shown(entry.Name)}]";
            if (!int.TryParse(entry.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
                throw ApiException.Wrong("logit_bias", $"{field} must have a token id as its key");
            if (entry.Value.ValueKind is not JsonValueKind.Number || !entry.Value.TryGetSingle(out var value) || !float.IsFinite(value))
                throw ApiException.Wrong("logit_bias", $"{field} must be a number, found {Fields.NameOf(entry.Value)}");
            if (!biases.TryAdd(id, value))
                throw ApiException.Wrong("logit_bias", $"{field} must be given once, found it twice");
        }

        return biases;
    }
}
