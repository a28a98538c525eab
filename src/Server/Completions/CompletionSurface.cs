using AkkaCp.Engine;
using AkkaCp.Server.Answers;
using AkkaCp.Server.Http;

namespace AkkaCp.Server.Completions;

/// <summary>Continued prompts, whole or in chunks.</summary>
/// <param name="request">What was asked.</param>
/// <param name="model">The model's name.</param>
/// <param name="clock">Tells when.</param>
internal sealed class CompletionSurface(AnswerRequest request, string model, TimeProvider clock) : AnswerSurface
{
    private readonly string _id = $"cmpl-{Guid.NewGuid():N}";
    private readonly long _created = clock.GetUtcNow().ToUnixTimeSeconds();
    private readonly long _started = clock.GetTimestamp();
    private readonly Collected[] _choices = [.. Enumerable.Range(0, request.Choices).Select(_ => new Collected())];
    private readonly int?[] _cached = new int?[request.Choices];
    private readonly GenerationSummary?[] _summaries = new GenerationSummary?[request.Choices];
    private readonly List<TokenProbability>[] _pending =
        [.. Enumerable.Range(0, request.Choices).Select(_ => new List<TokenProbability>())];
    private readonly int[] _offsets = new int[request.Choices];

    /// <inheritdoc/>
    public override void Collect(in AnswerEvent next) => _choices[next.Chunk.Choice].Take(next);

    /// <inheritdoc/>
    public override Task WriteWholeAsync(ApiCall call) => call.WriteAsync(
        Body([.. _choices.Select(Whole)]) with { Usage = Usage(_choices.Select(choice => choice.Summary!)) },
        CompletionJson.Strict.Completion);

    /// <inheritdoc/>
    public override Task BeginAsync(SseStream stream) => Task.CompletedTask;

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

        var text = string.Concat(next.Pieces.Select(piece => piece.Text));
        if (text.Length == 0 && next.FinishReason is null)
            return;
        _summaries[choice] = next.Chunk.Summary;
        await SendAsync(stream, Chunk([new CompletionChoice(choice, text, TakeLogprobs(choice), next.FinishReason)])).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override async Task EndAsync(SseStream stream)
    {
        if (request.IncludeUsage)
            await SendAsync(stream, Body([]) with { Usage = Usage(_summaries!) }).ConfigureAwait(false);
    }

    private static ValueTask SendAsync(SseStream stream, Completion chunk) => stream.SendAsync(chunk, CompletionJson.Strict.Completion);

    private Completion Body(CompletionChoice[] choices) => new(_id, "text_completion", _created, model, choices);

    private Completion Chunk(CompletionChoice[] choices) =>
        request.IncludeUsage ? Body(choices) with { Usage = new UsageField(null) } : Body(choices);

    private UsageField Usage(IEnumerable<GenerationSummary> choices) => new(TokenUsage.Of(choices, request.Generations[0].N));

    private CompletionChoice Whole(Collected choice, int index) => new(
        index, choice.Text, request.HasLogprobs ? CompletionLogprobs.Of(choice.Tokens, ref _offsets[index]) : null, choice.FinishReason);

    private CompletionLogprobs? TakeLogprobs(int choice)
    {
        if (!request.HasLogprobs)
            return null;
        var tokens = _pending[choice].ToArray();
        _pending[choice].Clear();
        return CompletionLogprobs.Of(tokens, ref _offsets[choice]);
    }
}
