using System.Text.Json;
using System.Text.Json.Serialization;
using AkkaCp.Engine;

namespace AkkaCp.Server.Answers;

/// <summary>Tokens of a request.</summary>
internal sealed record TokenUsage(int PromptTokens, int CompletionTokens, int TotalTokens, PromptTokensDetails PromptTokensDetails)
{
    /// <summary>Of all choices together; each prompt counts once.</summary>
    /// <param name="choices">The choices, those of a prompt beside each other.</param>
    /// <param name="n">Choices of a prompt.</param>
    public static TokenUsage Of(IEnumerable<GenerationSummary> choices, int n)
    {
        var (prompt, completion, cached) = (0, 0, 0);
        foreach (var (index, choice) in choices.Index())
        {
            (prompt, cached) = index % n == 0 ? (prompt + choice.PromptTokens, cached + choice.CachedTokens) : (prompt, cached);
            completion += choice.CompletionTokens;
        }

        return new TokenUsage(prompt, completion, prompt + completion, new PromptTokensDetails(cached));
    }
}

/// <summary>Of the prompt's tokens.</summary>
/// <param name="CachedTokens">Those that were not computed: earlier requests had left their keys and values.</param>
internal sealed record PromptTokensDetails(int CachedTokens);

/// <summary>A field that is null before it is known: where it is not to be at all, there is no such field.</summary>
/// <param name="Value">What is known.</param>
[JsonConverter(typeof(Converter))]
internal readonly record struct UsageField(TokenUsage? Value)
{
    /// <summary>Writes the value as if it stood alone.</summary>
    internal sealed class Converter : JsonConverter<UsageField>
    {
        /// <inheritdoc/>
        public override UsageField Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            throw new NotSupportedException("Usage is written only.");

        /// <inheritdoc/>
        public override void Write(Utf8JsonWriter writer, UsageField value, JsonSerializerOptions options)
        {
            if (value.Value is { } usage)
                JsonSerializer.Serialize(writer, usage, AnswersJson.Strict.TokenUsage);
            else
                writer.WriteNullValue();
        }
    }
}

/// <summary>How far a prompt is, as llama.cpp says it.</summary>
internal sealed record PromptProgress(int Total, int Cache, int Processed, long TimeMs)
{
    /// <summary>As the engine tells it.</summary>
    /// <param name="prefill">How far.</param>
    /// <param name="cached">How far it was at once.</param>
    /// <param name="elapsed">Since the request came.</param>
    public static PromptProgress Of(PrefillProgress prefill, int cached, TimeSpan elapsed) =>
        new(prefill.Total, cached, prefill.Processed, (long)elapsed.TotalMilliseconds);
}
