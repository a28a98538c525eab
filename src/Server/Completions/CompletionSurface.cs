using AkkaCp.Server.Answers;
using AkkaCp.Server.Http;

namespace AkkaCp.Server.Completions;

/// <summary>Continued prompts, whole or in chunks.</summary>
/// <param name="request">What was asked.</param>
/// <param name="model">The model's name.</param>
/// <param name="clock">Tells when.</param>
internal sealed class CompletionSurface(AnswerRequest request, string model, TimeProvider clock) : AnswerSurface(request, "cmpl", clock)
{
    private readonly int[] _offsets = new int[request.Choices];

    /// <inheritdoc/>
    public override Task WriteWholeAsync(ApiCall call) => call.WriteAsync(
        Body([.. Choices.Select(Whole)]) with { Usage = WholeUsage }, CompletionJson.Default.Completion);

    /// <inheritdoc/>
    public override Task BeginAsync(SseStream stream) => Task.CompletedTask;

    /// <inheritdoc/>
    public override async Task EndAsync(SseStream stream)
    {
        if (Request.IncludeUsage)
            await SendAsync(stream, Body([]) with { Usage = StreamUsage }).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    protected override ValueTask SendProgressAsync(SseStream stream, PromptProgress progress) =>
        SendAsync(stream, Chunk([]) with { PromptProgress = progress });

    /// <inheritdoc/>
    protected override ValueTask SendPiecesAsync(SseStream stream, AnswerEvent next)
    {
        var choice = next.Chunk.Choice;
        // Behind a raw prompt all is text, and what comes is one piece.
        var text = next.Pieces.Count > 0 ? next.Pieces[0].Text : "";
        return text.Length == 0 && next.FinishReason is null
            ? ValueTask.CompletedTask
            : SendAsync(stream, Chunk([new CompletionChoice(choice, text, TakeLogprobs(choice), next.FinishReason)]));
    }

    private static ValueTask SendAsync(SseStream stream, Completion chunk) => stream.SendAsync(chunk, CompletionJson.Default.Completion);

    private Completion Body(CompletionChoice[] choices) => new(Id, "text_completion", Created, model, choices);

    private Completion Chunk(CompletionChoice[] choices) =>
        Request.IncludeUsage ? Body(choices) with { Usage = new UsageField(null) } : Body(choices);

    private CompletionChoice Whole(Collected choice, int index) => new(
        index, choice.Text, Request.HasLogprobs ? CompletionLogprobs.Of(choice.Tokens, ref _offsets[index]) : null, choice.FinishReason);

    private CompletionLogprobs? TakeLogprobs(int choice) =>
        TakeTokens(choice) is { } tokens ? CompletionLogprobs.Of(tokens, ref _offsets[choice]) : null;
}
