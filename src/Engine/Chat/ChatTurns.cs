using System.Text.Json;
using AkkaCp.Scheduling.Requests;
using Microsoft.Extensions.AI;

namespace AkkaCp.Engine.Chat;

/// <summary>Turns the abstractions' messages into turns of a chat template.</summary>
internal static class ChatTurns
{
    /// <summary>The turns of a conversation.</summary>
    /// <exception cref="NotSupportedException">A content that is no text and no call; its type.</exception>
    /// <exception cref="GenerationException">Invalid: nothing where a message or a content must be, or what JSON cannot carry.</exception>
    public static IReadOnlyList<PromptMessage> Of(IEnumerable<ChatMessage> messages, string? instructions)
    {
        var turns = messages.SelectMany((message, index) => ToTurns(message, $"messages[{index}]"));
        if (instructions is { Length: > 0 })
            turns = turns.Prepend(new PromptMessage("system", instructions));
        return MergeLeadingSystem(turns);
    }

    // Instructions come before a conversation's own system message; templates take one system message, the first.
    private static List<PromptMessage> MergeLeadingSystem(IEnumerable<PromptMessage> turns)
    {
        var all = turns.ToList();
        while (all is [{ Role: "system" } first, { Role: "system" } second, ..])
        {
            all[0] = second with { Content = first.Content + "\n\n" + second.Content };
            all.RemoveAt(1);
        }

        return all;
    }

    private static IEnumerable<PromptMessage> ToTurns(ChatMessage? message, string field)
    {
        if (message is null)
            throw new GenerationException(FailureKind.Invalid, $"{field} must be a message, found null");
        RefuseOtherContents(message, field);
        var results = message.Contents.OfType<FunctionResultContent>().ToList();
        foreach (var result in results)
        {
            var text = JsonOf.Value($"{field}.result", () => ToolCallJson.ResultText(result));
            yield return new PromptMessage("tool", text) { ToolCallId = result.CallId };
        }

        if (results.Count > 0 && results.Count == message.Contents.Count)
            yield break;

        yield return new PromptMessage(message.Role.Value, message.Text)
        {
            ReasoningContent = message.Contents.OfType<TextReasoningContent>().ToList() is { Count: > 0 } thoughts
                ? string.Concat(thoughts.Select(thought => thought.Text))
                : null,
            ToolCalls =
            [
                .. message.Contents.OfType<FunctionCallContent>()
                    .Select(call => JsonOf.Value($"{field}: the arguments of the call of {call.Name}", () => ToolCallJson.ToPrompt(call))),
            ],
            Name = message.AuthorName,
            AdditionalKeys = AdditionalKeys(message, field),
        };
    }

    private static Dictionary<string, JsonElement> AdditionalKeys(ChatMessage message, string field) =>
        (message.AdditionalProperties ?? []).ToDictionary(pair => pair.Key, pair => JsonOf.Property(field, pair.Key, pair.Value));

    private static void RefuseOtherContents(ChatMessage message, string field)
    {
        foreach (var content in message.Contents)
        {
            if (content is null)
                throw new GenerationException(FailureKind.Invalid, $"{field}.contents must be contents, found null");
            if (content is not (TextContent or TextReasoningContent or FunctionCallContent or FunctionResultContent
                or UsageContent))
            {
                throw new NotSupportedException(
                    $"message content: expected text and function calls, found {content.GetType().Name}");
            }
        }
    }
}
