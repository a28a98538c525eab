using AkkaCp.Engine;
using AkkaCp.Engine.Chat;
using AkkaCp.Server.Answers;
using AkkaCp.Server.Http;

namespace AkkaCp.Server.Chat;

/// <summary>A chat completion, whole or in chunks.</summary>
/// <param name="request">What was asked.</param>
/// <param name="model">The model's name.</param>
/// <param name="clock">Tells when.</param>
internal sealed class ChatSurface(AnswerRequest request, string model, TimeProvider clock) : AnswerSurface
{
    private const string Assistant = "assistant";

    private readonly string _id = $"chatcmpl-{Guid.NewGuid():N}";
    private readonly long _created = clock.GetUtcNow().ToUnixTimeSeconds();
    private readonly long _started = clock.GetTimestamp();
    private readonly Collected[] _choices = [.. Enumerable.Range(0, request.Choices).Select(_ => new Collected())];
    private readonly int?[] _cached = new int?[request.Choices];
    private readonly GenerationSummary?[] _summaries = new GenerationSummary?[request.Choices];
    private readonly List<TokenProbability>[] _pending =
        [.. Enumerable.Range(0, request.Choices).Select(_ => new List<TokenProbability>())];
    private readonly int[] _calls = new int[request.Choices];

    /// <inheritdoc/>
    public override void Collect(in AnswerEvent next) => _choices[next.Chunk.Choice].Take(next);

    /// <inheritdoc/>
    public override Task WriteWholeAsync(ApiCall call) => call.WriteAsync(
        new ChatCompletion(
            _id, "chat.completion", _created, model, [.. _choices.Select(Choice)],
            TokenUsage.Of(_choices.Select(choice => choice.Summary!), request.Choices)),
        ChatJson.Strict.ChatCompletion);

    /// <inheritdoc/>
    public override async Task BeginAsync(SseStream stream)
    {
        for (var choice = 0; choice < _choices.Length; choice++)
            await SendAsync(stream, new ChatChunkChoice(choice, new ChatDelta { Role = Assistant, Content = "" })).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override async ValueTask SendAsync(SseStream stream, AnswerEvent next)
    {
        var choice = next.Chunk.Choice;
        if (next.Token is { } token)
            _pending[choice].Add(token);
        if (next.Chunk.Prefill is { } prefill && request.ReturnProgress)
        {
            var progress = PromptProgress.Of(prefill, _cached[choice] ??= prefill.Processed, clock.GetElapsedTime(_started));
            await SendAsync(stream, Chunk([]) with { PromptProgress = progress }).ConfigureAwait(false);
        }

        foreach (var piece in next.Pieces)
            await SendAsync(stream, new ChatChunkChoice(choice, Delta(choice, piece), TakeLogprobs(choice))).ConfigureAwait(false);
        if (next.FinishReason is { } reason)
        {
            _summaries[choice] = next.Chunk.Summary;
            await SendAsync(stream, new ChatChunkChoice(choice, new ChatDelta(), TakeLogprobs(choice), reason)).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public override async Task EndAsync(SseStream stream)
    {
        if (request.IncludeUsage)
        {
            var usage = new UsageField(TokenUsage.Of(_summaries!, request.Choices));
            await SendAsync(stream, Chunk([]) with { Usage = usage }).ConfigureAwait(false);
        }
    }

    private ValueTask SendAsync(SseStream stream, ChatChunkChoice choice) => SendAsync(stream, Chunk([choice]));

    private static ValueTask SendAsync(SseStream stream, ChatChunk chunk) => stream.SendAsync(chunk, ChatJson.Strict.ChatChunk);

    private ChatChunk Chunk(ChatChunkChoice[] choices) => new(_id, "chat.completion.chunk", _created, model, choices)
    {
        Usage = request.IncludeUsage ? new UsageField(null) : null,
    };

    private ChatDelta Delta(int choice, OutputPiece piece) => piece switch
    {
        { Call: { } call } => new ChatDelta { ToolCalls = [ToolCallOf(call, choice, _calls[choice]++)] },
        { Kind: OutputKind.Reasoning } => new ChatDelta { ReasoningContent = piece.Text },
        _ => new ChatDelta { Content = piece.Text },
    };

    /// <summary>The tokens that came since the last chunk: their text is in this one, or was held back.</summary>
    private ChatLogprobs? TakeLogprobs(int choice)
    {
        if (!request.HasLogprobs)
            return null;
        var tokens = _pending[choice].ToArray();
        _pending[choice].Clear();
        return new ChatLogprobs(tokens);
    }

    private ChatChoice Choice(Collected choice, int index)
    {
        var calls = choice.Calls.Select((call, i) => ToolCallOf(call, index, i) with { Index = null }).ToList();
        var message = new ChatMessage(
            Assistant, calls.Count > 0 && choice.Text.Length == 0 ? null : choice.Text, choice.Reasoning, calls.Count > 0 ? calls : null);
        return new ChatChoice(index, message, request.HasLogprobs ? new ChatLogprobs(choice.Tokens) : null, choice.FinishReason);
    }

    private ChatToolCall ToolCallOf(ToolCall call, int choice, int index) => new(
        index, $"call_{_id[^12..]}_{choice}_{index}", "function", new ChatFunction(call.Name, ToolCallJson.ArgumentsText(call)));
}
