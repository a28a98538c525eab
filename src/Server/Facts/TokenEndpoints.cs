using System.Text.Json;
using System.Text.Json.Serialization;
using AkkaCp.Engine;
using AkkaCp.Server.Chat;
using AkkaCp.Server.Http;

namespace AkkaCp.Server.Facts;

/// <summary><c>POST /tokenize</c>, <c>/detokenize</c> and <c>/apply-template</c>.</summary>
internal static class TokenEndpoints
{
    /// <summary>A text's token ids.</summary>
    public static async Task TokenizeAsync(ApiCall call)
    {
        var body = await call.ReadAsync(FactsJson.Strict.TokenizeBody).ConfigureAwait(false);
        if ((body.Content ?? body.Prompt) is not { } text)
            throw ApiException.Wrong("content", "content, or prompt, must be a text, found nothing");
        var tokenizer = call.Engine.Tokenizer;
        var tokens = body.AddSpecial ?? true ? tokenizer.EncodePrompt(text) : tokenizer.Encode(text);
        await call.WriteAsync(new TokenizedText(tokens, tokens.Length, call.Engine.ContextLength), FactsJson.Strict.TokenizedText)
            .ConfigureAwait(false);
    }

    /// <summary>The text of token ids.</summary>
    public static async Task DetokenizeAsync(ApiCall call)
    {
        var body = await call.ReadAsync(FactsJson.Strict.DetokenizeBody).ConfigureAwait(false);
        var tokens = body.Tokens ?? throw ApiException.Wrong("tokens", "tokens must be a list of token ids, found nothing");
        for (var i = 0; i < tokens.Count; i++)
        {
            if ((uint)tokens[i] >= (uint)call.Engine.VocabSize)
                throw ApiException.Wrong($"tokens[{i}]", $"tokens[{i}] must be in [0, {call.Engine.VocabSize}), found {tokens[i]}");
        }

        var text = call.Engine.Tokenizer.Decode([.. tokens]);
        await call.WriteAsync(new DetokenizedText(text, text), FactsJson.Strict.DetokenizedText).ConfigureAwait(false);
    }

    /// <summary>What a chat's prompt is for the model.</summary>
    public static async Task ApplyTemplateAsync(ApiCall call)
    {
        var body = await call.ReadAsync(ChatJson.Strict.ChatCompletionBody).ConfigureAwait(false);
        var request = ChatRequest.Read(body, call.Engine);
        try
        {
            var tokens = call.Engine.Encode(request.Generations[0]).Tokens;
            var text = call.Engine.Tokenizer.Decode(tokens.AsSpan());
            await call.WriteAsync(new AppliedTemplate(text, tokens), FactsJson.Strict.AppliedTemplate).ConfigureAwait(false);
        }
        catch (GenerationException error)
        {
            throw ApiException.Of(error, request.PromptField);
        }
    }
}

/// <summary>A text to encode.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record TokenizeBody
{
    /// <summary>The text, as llama.cpp calls it.</summary>
    public string? Content { get; init; }

    /// <summary>The text, as vLLM calls it.</summary>
    public string? Prompt { get; init; }

    /// <summary>Whether the model's own first and last tokens come with it; default true.</summary>
    public bool? AddSpecial { get; init; }

    /// <summary>Taken, and changes nothing.</summary>
    public JsonElement Model { get; init; }
}

/// <summary>Its tokens.</summary>
internal sealed record TokenizedText(IReadOnlyList<int> Tokens, int Count, int MaxModelLen);

/// <summary>Tokens to decode.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record DetokenizeBody
{
    /// <summary>Token ids.</summary>
    public IReadOnlyList<int>? Tokens { get; init; }

    /// <summary>Taken, and changes nothing.</summary>
    public JsonElement Model { get; init; }
}

/// <summary>Their text, as llama.cpp and as vLLM call it.</summary>
internal sealed record DetokenizedText(string Content, string Prompt);

/// <summary>A prompt as the model gets it.</summary>
internal sealed record AppliedTemplate(string Prompt, IReadOnlyList<int> Tokens);
