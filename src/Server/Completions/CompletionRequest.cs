using System.Text.Json;
using AkkaCp.Engine;
using AkkaCp.Server.Answers;
using AkkaCp.Server.Http;

namespace AkkaCp.Server.Completions;

/// <summary>Reads the body of a completion into what the engine is asked.</summary>
internal static class CompletionRequest
{
    // As OpenAI has it.
    private const int DefaultMaxTokens = 16;

    /// <summary>The request.</summary>
    /// <exception cref="ApiException">What is wrong, and where.</exception>
    public static AnswerRequest Read(CompletionBody body, InferenceEngine engine)
    {
        SamplingFields.CheckModel(body, engine.ModelName);
        Fields.Refuse(body.Suffix, "suffix", "must be left out: text is continued, not filled in");
        if (body.Echo is true)
            throw ApiException.Unsupported("echo", "must be false: log-probabilities of prompts are what akkacp logits gives");
        var one = SamplingFields.Generation(body, body.Logprobs);
        if (body.BestOf is { } best && best != one.N)
            throw ApiException.Unsupported("best_of", $"must be n: all answers are given, found {best}");
        if (body.Logprobs is < 0 or > 20)
            throw ApiException.Wrong("logprobs", $"logprobs must be in [0, 20], found {body.Logprobs}");
        one = one with { MaxTokens = body.MaxTokens ?? DefaultMaxTokens };
        return SamplingFields.Answer(body, "prompt", [.. Prompts(body.Prompt, one)]);
    }

    private static List<GenerationRequest> Prompts(JsonElement prompt, GenerationRequest one)
    {
        if (prompt.ValueKind is JsonValueKind.String)
            return [one with { Prompt = prompt.GetString() }];
        if (prompt.ValueKind is not JsonValueKind.Array || prompt.GetArrayLength() == 0)
            throw Fields.Kind(prompt, "prompt", "a text, token ids, or a list of either");
        if (prompt[0].ValueKind is JsonValueKind.Number)
            return [one with { Tokens = Tokens(prompt, "prompt") }];
        if (prompt.GetArrayLength() * one.N > GenerationRequest.MaxN)
        {
            throw ApiException.Wrong("prompt",
                $"prompt must be at most {GenerationRequest.MaxN / one.N} prompts of n answers each, found {prompt.GetArrayLength()}");
        }

        return [.. prompt.EnumerateArray().Select((item, index) => item.ValueKind is JsonValueKind.Array
            ? one with { Tokens = Tokens(item, $"prompt[{index}]") }
            : one with { Prompt = Fields.String(item, $"prompt[{index}]") })];
    }

    private static int[] Tokens(JsonElement ids, string field) => [.. ids.EnumerateArray().Select((id, index) =>
        id.ValueKind is JsonValueKind.Number && id.TryGetInt32(out var token)
            ? token
            : throw Fields.Kind(id, $"{field}[{index}]", "a token id"))];
}
