using Microsoft.Extensions.AI;

namespace AkkaCp.Engine.Chat;

/// <summary>One answer on its way from chunks to updates.</summary>
internal sealed class ChatAnswer
{
    private readonly string _model;
    private readonly AnswerReader _reader;
    private readonly string _id = Guid.NewGuid().ToString("N");
    private readonly DateTimeOffset _created = TimeProvider.System.GetUtcNow();
    private int _calls;

    /// <param name="model">The model's name.</param>
    /// <param name="reader">Reads the answer.</param>
    public ChatAnswer(string model, AnswerReader reader) => (_model, _reader) = (model, reader);

    /// <summary>The update of a chunk; null when the chunk has nothing to show.</summary>
    public ChatResponseUpdate? Take(GenerationChunk chunk)
    {
        var contents = _reader.Take(chunk).Select(ToContent).ToList();
        if (chunk.FinishReason is not { } reason)
            return contents.Count == 0 ? null : Update(contents);

        contents.Add(new UsageContent(Usage(chunk.Summary!)));
        var update = Update(contents);
        update.FinishReason = _reader.HasCalls ? ChatFinishReason.ToolCalls
            : reason is FinishReason.Length ? ChatFinishReason.Length
            : ChatFinishReason.Stop;
        update.RawRepresentation = chunk;
        return update;
    }

    private AIContent ToContent(OutputPiece piece) => piece switch
    {
        { Call: { } call } => ToolCallJson.ToContent(call, $"call_{_id}_{_calls++}"),
        { Kind: OutputKind.Reasoning } => new TextReasoningContent(piece.Text),
        _ => new TextContent(piece.Text),
    };

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
        CachedInputTokenCount = summary.CachedTokens,
        TotalTokenCount = summary.PromptTokens + summary.CompletionTokens,
    };
}
