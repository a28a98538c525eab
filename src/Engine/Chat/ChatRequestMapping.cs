using System.Text.Json;
using AkkaCp.Scheduling.Requests;
using AkkaCp.Text.Templates;
using Microsoft.Extensions.AI;

namespace AkkaCp.Engine.Chat;

/// <summary>Turns the abstractions' messages and options into a request: each option is honoured, or refused by name.</summary>
internal static class ChatRequestMapping
{
    /// <summary>The request of a conversation.</summary>
    /// <param name="messages">The conversation.</param>
    /// <param name="options">What is asked for besides.</param>
    /// <param name="client">Whom <see cref="ChatOptions.RawRepresentationFactory"/> is asked for.</param>
    /// <exception cref="NotSupportedException">A content or an option that the engine has no way to honour; its name.</exception>
    /// <exception cref="GenerationException">Invalid: an option of the wrong type or range, or nothing where something must be.</exception>
    public static GenerationRequest ToRequest(IEnumerable<ChatMessage> messages, ChatOptions? options, IChatClient client)
    {
        options ??= new ChatOptions();
        UnsupportedOptions.Refuse(options);
        var turns = ChatTurns.Of(messages, options.Instructions);
        var additional = new AdditionalOptions(options.AdditionalProperties);
        var under = RawRequest.Of(options, client);
        return under with
        {
            Messages = turns,
            Tools = options.ToolMode is NoneChatToolMode ? [] : [.. under.Tools, .. ToolsOf(options)],
            MaxTokens = options.MaxOutputTokens ?? under.MaxTokens,
            Stop = [.. under.Stop, .. options.StopSequences ?? []],
            EnableThinking = ThinkingOf(under, options, additional),
            ChatTemplateKwargs = TemplateKwargs(under, options, additional),
            IgnoreEos = additional.IgnoreEos ?? under.IgnoreEos,
            Sampling = under.Sampling with
            {
                Temperature = options.Temperature ?? under.Sampling.Temperature,
                TopP = options.TopP ?? under.Sampling.TopP,
                TopK = options.TopK ?? under.Sampling.TopK,
                Seed = SeedOf(options) ?? under.Sampling.Seed,
                PresencePenalty = options.PresencePenalty ?? under.Sampling.PresencePenalty,
                FrequencyPenalty = options.FrequencyPenalty ?? under.Sampling.FrequencyPenalty,
                MinP = additional.MinP ?? under.Sampling.MinP,
                RepetitionPenalty = additional.RepetitionPenalty ?? under.Sampling.RepetitionPenalty,
                LogitBias = additional.LogitBias ?? under.Sampling.LogitBias,
            },
        };
    }

    private static IEnumerable<JsonElement> ToolsOf(ChatOptions options) => (options.Tools ?? []).Select((tool, index) => tool switch
    {
        AIFunctionDeclaration function => ToolCallJson.ToPrompt(function),
        null => throw new GenerationException(FailureKind.Invalid, $"tools[{index}] must be a function, found null"),
        _ => throw new NotSupportedException($"Tools: expected functions, found {tool.GetType().Name} \"{tool.Name}\""),
    });

    private static ulong? SeedOf(ChatOptions options) => options.Seed is not { } seed ? null
        : seed >= 0 ? (ulong)seed
        : throw new GenerationException(FailureKind.Invalid, $"seed must be at least 0, found {seed}");

    // An effort says something of thinking only where nothing else does.
    private static bool? ThinkingOf(GenerationRequest under, ChatOptions options, AdditionalOptions additional) =>
        additional.EnableThinking is { } asked ? asked
        : additional.ChatTemplateKwargs.ContainsKey(ChatTemplateInput.Thinking) ? null
        : ReasoningEfforts.EnablesThinking(options.Reasoning) ?? under.EnableThinking;

    // What says more wins: a kwarg over the effort, the call's own over the raw request's.
    private static Dictionary<string, JsonElement> TemplateKwargs(
        GenerationRequest under, ChatOptions options, AdditionalOptions additional)
    {
        var kwargs = new Dictionary<string, JsonElement>(under.ChatTemplateKwargs);
        if (ReasoningEfforts.NameOf(options.Reasoning) is { } effort)
            kwargs[ReasoningEfforts.Variable] = JsonSerializer.SerializeToElement(effort);
        foreach (var (name, value) in additional.ChatTemplateKwargs)
            kwargs[name] = value;
        return kwargs;
    }
}
