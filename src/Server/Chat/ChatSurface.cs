using AkkaCp.Engine.Chat;
using AkkaCp.Server.Answers;
using AkkaCp.Server.Http;

namespace AkkaCp.Server.Chat;

/// <summary>A chat completion, whole or in chunks.</summary>
/// <param name="request">What was asked.</param>
/// <param name="model">The model's name.</param>
/// <param name="clock">Tells when.</param>
internal sealed class ChatSurface(AnswerRequest request, string model, TimeProvider clock) : AnswerSurface(request, "chatcmpl", clock)
{
    private const string Assistant = "assistant";
    private const string Function = "function";

    private readonly int[] _calls = new int[request.Choices];

    /// <inheritdoc/>
    public override Task WriteWholeAsync(ApiCall call) => call.WriteAsync(
        new ChatCompletion(Id, "chat.completion", Created, model, [.. Choices.Select(Choice)], WholeUsage.Value!),
        ChatJson.Default.ChatCompletion);

    /// <inheritdoc/>
    public override async Task BeginAsync(SseStream stream)
    {
        for (var choice = 0; choice < Choices.Length; choice++)
            await SendAsync(stream, new ChatChunkChoice(choice, new ChatDelta { Role = Assistant, Content = "" })).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override async Task EndAsync(SseStream stream)
    {
        if (Request.IncludeUsage)
            await SendAsync(stream, Chunk([]) with { Usage = StreamUsage }).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    protected override ValueTask SendProgressAsync(SseStream stream, PromptProgress progress) =>
        SendAsync(stream, Chunk([]) with { PromptProgress = progress });

    /// <inheritdoc/>
    protected override async ValueTask SendPiecesAsync(SseStream stream, AnswerEvent next)
    {
        var choice = next.Chunk.Choice;
        foreach (var piece in next.Pieces)
            await SendAsync(stream, new ChatChunkChoice(choice, Delta(choice, piece), TakeLogprobs(choice))).ConfigureAwait(false);
        if (next.FinishReason is { } reason)
            await SendAsync(stream, new ChatChunkChoice(choice, new ChatDelta(), TakeLogprobs(choice), reason)).ConfigureAwait(false);
    }

    private ValueTask SendAsync(SseStream stream, ChatChunkChoice choice) => SendAsync(stream, Chunk([choice]));

    private static ValueTask SendAsync(SseStream stream, ChatChunk chunk) => stream.SendAsync(chunk, ChatJson.Default.ChatChunk);

    private ChatChunk Chunk(ChatChunkChoice[] choices) => new(Id, "chat.completion.chunk", Created, model, choices)
    {
        Usage = Request.IncludeUsage ? new UsageField(null) : null,
    };

    private ChatDelta Delta(int choice, OutputPiece piece) => piece switch
    {
        { Begins: { } name } => Delta(new ChatToolCallDelta(
            _calls[choice], CallId(choice, _calls[choice]++), Function, new ChatFunctionDelta(name, piece.Text))),
        { Kind: OutputKind.ToolCall } => Delta(
            new ChatToolCallDelta(_calls[choice] - 1, null, null, new ChatFunctionDelta(null, piece.Text))),
        { Kind: OutputKind.Reasoning } => new ChatDelta { ReasoningContent = piece.Text },
        _ => new ChatDelta { Content = piece.Text },
    };

    private static ChatDelta Delta(ChatToolCallDelta call) => new() { ToolCalls = [call] };

    private ChatLogprobs? TakeLogprobs(int choice) => TakeTokens(choice) is { } tokens ? new ChatLogprobs(tokens) : null;

    private ChatChoice Choice(Collected choice, int index)
    {
        var calls = choice.Calls
            .Select((call, i) => new ChatToolCall(CallId(index, i), Function, new ChatFunction(call.Name, call.Arguments))).ToList();
        var message = new ChatMessage(
            Assistant, calls.Count > 0 && choice.Text.Length == 0 ? null : choice.Text, choice.Reasoning, calls.Count > 0 ? calls : null);
        return new ChatChoice(index, message, Request.HasLogprobs ? new ChatLogprobs(choice.Tokens) : null, choice.FinishReason);
    }

    private string CallId(int choice, int index) => $"call_{Id[^12..]}_{choice}_{index}";
}
