using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace AkkaCp.Engine.Chat;

/// <summary>Turns the abstractions' messages and options into a request. What the engine cannot do is refused by name.</summary>
internal static class ChatRequestMapping
{
    /// <summary>The request of a conversation.</summary>
    /// <exception cref="NotSupportedException">A content or an option that the engine has no way to honour; its name.</exception>
    /// <exception cref="ArgumentException">An additional property of the wrong type.</exception>
    public static GenerationRequest ToRequest(IEnumerable<ChatMessage> messages, ChatOptions? options)
    {
        options ??= new ChatOptions();
        RefuseUnsupported(options);
        var turns = messages.SelectMany(ToTurns);
        if (options.Instructions is { Length: > 0 } instructions)
            turns = turns.Prepend(new PromptMessage("system", instructions));
        return new GenerationRequest
        {
            Messages = MergeLeadingSystem(turns),
            Tools = options.ToolMode is NoneChatToolMode ? [] : [.. (options.Tools ?? []).Select(ToTool)],
            MaxTokens = options.MaxOutputTokens,
            Stop = [.. options.StopSequences ?? []],
            EnableThinking = Additional(options, "enable_thinking", ReadBoolean) ?? ThinkingOf(options.Reasoning),
            IgnoreEos = Additional(options, "ignore_eos", ReadBoolean) ?? false,
            Sampling = new SamplingOverrides
            {
                Temperature = options.Temperature,
                TopP = options.TopP,
                TopK = options.TopK,
                Seed = (ulong?)options.Seed,
                PresencePenalty = options.PresencePenalty,
                FrequencyPenalty = options.FrequencyPenalty,
                MinP = Additional(options, "min_p", ReadNumber),
                RepetitionPenalty = Additional(options, "repetition_penalty", ReadNumber),
            },
        };
    }

    private static void RefuseUnsupported(ChatOptions options)
    {
        if (options.ResponseFormat is ChatResponseFormatJson)
            throw new NotSupportedException(
                "ResponseFormat: expected text, found json; output is not constrained to a grammar yet");
        if (options.ToolMode is RequiredChatToolMode)
            throw new NotSupportedException(
                "ToolMode: expected auto or none, found required; output is not constrained to a grammar yet");
        if (options.ConversationId is not null)
            throw new NotSupportedException("ConversationId: the engine keeps no conversations; send all messages each time");
    }

    private static bool? ThinkingOf(ReasoningOptions? reasoning) =>
        reasoning?.Effort is { } effort ? effort != ReasoningEffort.None : null;

    // Instructions come before a conversation's own system message; templates take one system message, the first.
    private static List<PromptMessage> MergeLeadingSystem(IEnumerable<PromptMessage> turns)
    {
        var all = turns.ToList();
        while (all is [{ Role: "system" } first, { Role: "system" } second, ..])
        {
            all[0] = new PromptMessage("system", first.Content + "\n\n" + second.Content);
            all.RemoveAt(1);
        }

        return all;
    }

    private static IEnumerable<PromptMessage> ToTurns(ChatMessage message)
    {
        var results = message.Contents.OfType<FunctionResultContent>().ToList();
        foreach (var result in results)
            yield return new PromptMessage("tool", ToolCallJson.ResultText(result)) { ToolCallId = result.CallId };
        if (results.Count > 0 && results.Count == message.Contents.Count)
            yield break;

        RefuseOtherContents(message);
        yield return new PromptMessage(message.Role.Value, message.Text)
        {
            ReasoningContent = message.Contents.OfType<TextReasoningContent>().ToList() is { Count: > 0 } thoughts
                ? string.Concat(thoughts.Select(thought => thought.Text))
                : null,
            ToolCalls = [.. message.Contents.OfType<FunctionCallContent>().Select(ToolCallJson.ToPrompt)],
            Name = message.AuthorName,
        };
    }

    private static void RefuseOtherContents(ChatMessage message)
    {
        foreach (var content in message.Contents)
        {
            if (content is not (TextContent or TextReasoningContent or FunctionCallContent or FunctionResultContent
                or UsageContent))
                throw new NotSupportedException(
                    $"message content: expected text and function calls, found {content.GetType().Name}");
        }
    }

    private static JsonElement ToTool(AITool tool) => tool is AIFunctionDeclaration function
        ? ToolCallJson.ToPrompt(function)
        : throw new NotSupportedException($"Tools: expected functions, found {tool.GetType().Name} \"{tool.Name}\"");

    private static T? Additional<T>(ChatOptions options, string key, Func<object, T?> read)
        where T : struct
    {
        if (options.AdditionalProperties is null || !options.AdditionalProperties.TryGetValue(key, out var value)
            || value is null)
            return null;
        return read(value) ?? throw new ArgumentException(
            $"AdditionalProperties[\"{key}\"]: expected a {typeof(T).Name}, found {value}");
    }

    private static bool? ReadBoolean(object value) => value switch
    {
        bool flag => flag,
        JsonElement { ValueKind: JsonValueKind.True } => true,
        JsonElement { ValueKind: JsonValueKind.False } => false,
        _ => null,
    };

    private static float? ReadNumber(object value) => value switch
    {
        float or double or int or long or decimal => Convert.ToSingle(value, CultureInfo.InvariantCulture),
        JsonElement { ValueKind: JsonValueKind.Number } number => number.GetSingle(),
        _ => null,
    };
}
