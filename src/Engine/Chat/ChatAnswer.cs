using Microsoft.Extensions.AI;

namespace AkkaCp.Engine.Chat;

/// <summary>One answer on its way from chunks to updates.</summary>
internal sealed class ChatAnswer
{
    private readonly string _model;
    private readonly OutputParser _parser;
    private readonly string _id = Guid.NewGuid().ToString("N");
    private readonly DateTimeOffset _created = DateTimeOffset.UtcNow;
    private int _calls;

    public ChatAnswer(string model, bool opensReasoning, bool offersTools)
    {
        _model = model;
        _parser = new OutputParser(opensReasoning, offersTools);
    }

    /// <summary>The update of a chunk; null when the chunk has nothing to show.</summary>
    public ChatResponseUpdate? Take(GenerationChunk chunk)
    {
        var contents = _parser.Push(chunk.Text).Select(ToContent).ToList();
        if (chunk.FinishReason is null)
            return contents.Count == 0 ? null : Update(contents);

        contents.AddRange(_parser.Flush().Select(ToContent));
        contents.Add(new UsageContent(Usage(chunk.Summary!)));
        var update = Update(contents);
        update.FinishReason = _calls > 0 ? ChatFinishReason.ToolCalls
            : chunk.FinishReason is FinishReason.Length ? ChatFinishReason.Length
            : ChatFinishReason.Stop;
        update.RawRepresentation = chunk;
        return update;
    }

    private AIContent ToContent(OutputPiece piece)
    {
        switch (piece.Kind)
        {
            case OutputKind.Reasoning:
                return new TextReasoningContent(piece.Text);
            case OutputKind.ToolCall when ToolCallJson.Parse(piece.Text, $"call_{_id}_{_calls}") is { } call:
                _calls++;
                return call;
            case OutputKind.ToolCall:
                // No call: shown as the model wrote it.
                return new TextContent($"<tool_call>{piece.Text}</tool_call>");
            default:
                return new TextContent(piece.Text);
        }
    }

    private ChatResponseUpdate Update(List<AIContent> contents) => new(ChatRole.Assistant, contents)
    {
        ResponseId = _id,
        MessageId = _id,
        ModelId = _model,
        CreatedAt = _created,
    };

    private static UsageDetails Usage(GenerationSummary summary) => new()
    {
        InputTokenCount = summary.PromptTokens,
        OutputTokenCount = summary.CompletionTokens,
        TotalTokenCount = summary.PromptTokens + summary.CompletionTokens,
    };
}
