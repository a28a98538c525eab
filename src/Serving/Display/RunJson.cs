using System.Text.Json;
using AkkaCp.Engine;

namespace AkkaCp.Serving.Display;

/// <summary>The object that <c>run --json</c> prints.</summary>
internal static class RunJson
{
    /// <summary>Writes it; a rate that could not be measured is null.</summary>
    public static void Write(TextWriter output, string text, IReadOnlyList<int> tokens, GenerationChunk last)
    {
        var summary = last.Summary!;
        JsonOutput.WriteLine(output, json =>
        {
            json.WriteString("text", text);
            json.WriteStartArray("tokens");
            foreach (var token in tokens)
                json.WriteNumberValue(token);
            json.WriteEndArray();
            json.WriteNumber("prompt_tokens", summary.PromptTokens);
            json.WriteString("finish_reason", last.FinishReason is FinishReason.Length ? "length" : "stop");
            Number(json, "ttft_ms", summary.TimeToFirstToken?.TotalMilliseconds);
            Number(json, "prefill_tokens_per_second", summary.PrefillTokensPerSecond);
            Number(json, "decode_tokens_per_second", summary.DecodeTokensPerSecond);
        });
    }

    private static void Number(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } number)
            json.WriteNumber(name, Math.Round(number, 3));
        else
            json.WriteNull(name);
    }
}
