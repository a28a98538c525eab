using AkkaCp.Engine.Prompting;
using AkkaCp.Text.Templates;

namespace AkkaCp.Engine.Generation;

/// <summary>Finds every mistake of a request's fields before any work is done for it.</summary>
internal static class RequestValidation
{
    private static readonly string[] s_roles = ["system", "developer", "user", "assistant", "tool"];

    /// <summary>Each mistake with its field, the rule and what was found; empty when all is well.</summary>
    /// <param name="request">A <see cref="RequestCopy"/>.</param>
    /// <param name="model">Who is asked.</param>
    public static List<string> Problems(GenerationRequest request, ModelAssets model)
    {
        var problems = new List<string>();
        CheckPrompt(problems, request, model);
        if (request.MaxTokens is { } limit && (limit < 1 || limit > model.ContextLength))
            problems.Add($"max_tokens must be in [1, {model.ContextLength}], found {limit}");
        if (request.N is < 1 or > GenerationRequest.MaxN)
            problems.Add($"n must be in [1, {GenerationRequest.MaxN}], found {request.N}");
        CheckStops(problems, request.Stop);
        CheckSalt(problems, request.CacheSalt);
        problems.AddRange(request.Sampling.Over(model.Defaults.Sampling).Problems(model.VocabSize));
        return problems;
    }

    private static void CheckPrompt(List<string> problems, GenerationRequest request, ModelAssets model)
    {
        var given = (request.Messages is null ? 0 : 1) + (request.Prompt is null ? 0 : 1) + (request.Tokens is null ? 0 : 1);
        if (given != 1)
            problems.Add($"messages, prompt, tokens: exactly one must be given, found {given}");
        if (request.Messages is not null)
            CheckMessages(problems, request.Messages);
        CheckTemplateInput(problems, request);
        if (request.Prompt is { Length: 0 })
            problems.Add("prompt must not be empty");
        if (request.Tokens is not null)
            CheckTokens(problems, request.Tokens, model.VocabSize);
    }

    private static void CheckMessages(List<string> problems, IReadOnlyList<PromptMessage> messages)
    {
        if (messages.Count == 0)
            problems.Add("messages must not be empty");
        for (var i = 0; i < messages.Count; i++)
        {
            if (!s_roles.Contains(messages[i].Role))
                problems.Add($"messages[{i}].role must be one of {string.Join(", ", s_roles)}, found \"{Shown.Start(messages[i].Role)}\"");
            foreach (var key in messages[i].AdditionalKeys.Keys.Where(PromptEncoder.MessageKeys.Contains))
                problems.Add($"messages[{i}].additional_keys[\"{key}\"] must be given as the message's own property");
        }
    }

    /// <summary>What only a template reads would be passed over in silence where none is rendered.</summary>
    private static void CheckTemplateInput(List<string> problems, GenerationRequest request)
    {
        if (request.Messages is null)
        {
            if (request.Tools.Count > 0)
                problems.Add("tools need messages, found none");
            if (request.EnableThinking is not null)
                problems.Add("enable_thinking needs messages, found none");
            if (request.ChatTemplateKwargs.Count > 0)
                problems.Add("chat_template_kwargs need messages, found none");
        }

        foreach (var name in request.ChatTemplateKwargs.Keys.Where(ChatTemplateInput.IsReserved))
        {
            problems.Add(
                $"chat_template_kwargs[\"{name}\"] must be a variable of the template's own, found {ChatTemplateInput.WhyReserved}");
        }

        if (request.EnableThinking is not null && request.ChatTemplateKwargs.ContainsKey(ChatTemplateInput.Thinking))
            problems.Add("enable_thinking must be given once, found it in chat_template_kwargs, too");
    }

    private static void CheckTokens(List<string> problems, IReadOnlyList<int> tokens, int vocabSize)
    {
        if (tokens.Count == 0)
            problems.Add("tokens must not be empty");
        for (var i = 0; i < tokens.Count; i++)
        {
            if (tokens[i] >= 0 && tokens[i] < vocabSize)
                continue;
            problems.Add($"tokens[{i}] must be in [0, {vocabSize}), found {tokens[i]}");
            return; // A wrong vocabulary makes all of them wrong: the first says enough.
        }
    }

    /// <remarks>Half a surrogate pair is refused, not replaced: two salts would become one.</remarks>
    private static void CheckSalt(List<string> problems, string? salt)
    {
        if (salt is { Length: > GenerationRequest.MaxSaltLength })
            problems.Add($"cache_salt must have at most {GenerationRequest.MaxSaltLength} characters, found {salt.Length}");
        else if (salt is not null && WellFormedJson.Text(salt) != salt)
            problems.Add("cache_salt must be well-formed text, found half a surrogate pair");
    }

    private static void CheckStops(List<string> problems, IReadOnlyList<string> stops)
    {
        if (stops.Count > GenerationRequest.MaxStopStrings)
        {
            problems.Add($"stop must have at most {GenerationRequest.MaxStopStrings} strings, found {stops.Count}");
            return;
        }

        for (var i = 0; i < stops.Count; i++)
        {
            if (stops[i].Length == 0)
            {
                problems.Add($"stop[{i}] must not be empty");
            }
            else if (stops[i].Length > GenerationRequest.MaxStopLength)
            {
                problems.Add(
                    $"stop[{i}] must have at most {GenerationRequest.MaxStopLength} characters, found {stops[i].Length}");
            }
        }
    }
}
