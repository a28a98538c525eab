using AkkaCp.Engine;
using AkkaCp.Server.Http;

namespace AkkaCp.Server.Answers;

/// <summary>The shape of an answer on one surface, and what all shapes have to remember of it.</summary>
/// <param name="request">What was asked.</param>
/// <param name="prefix">What the answer's id begins with.</param>
/// <param name="clock">Tells when.</param>
internal abstract class AnswerSurface(AnswerRequest request, string prefix, TimeProvider clock)
{
    private readonly long _started = clock.GetTimestamp();
    private readonly int?[] _cached = new int?[request.Choices];
    private readonly GenerationSummary?[] _summaries = new GenerationSummary?[request.Choices];
    private readonly List<TokenProbability>[] _pending =
        [.. Enumerable.Range(0, request.Choices).Select(_ => new List<TokenProbability>())];

    /// <summary>The answer's id.</summary>
    protected string Id { get; } = $"{prefix}-{Guid.NewGuid():N}";

    /// <summary>When it was asked for, in seconds since 1970.</summary>
    protected long Created { get; } = clock.GetUtcNow().ToUnixTimeSeconds();

    /// <summary>What was asked.</summary>
    protected AnswerRequest Request => request;

    /// <summary>The choices of a whole answer.</summary>
    protected Collected[] Choices { get; } = [.. Enumerable.Range(0, request.Choices).Select(_ => new Collected())];

    /// <summary>Tokens of a stream that has ended.</summary>
    protected UsageField StreamUsage => Usage(_summaries!);

    /// <summary>Tokens of a whole answer.</summary>
    protected UsageField WholeUsage => Usage(Choices.Select(choice => choice.Summary!));

    /// <summary>Takes an event of a whole answer.</summary>
    public void Collect(in AnswerEvent next) => Choices[next.Chunk.Choice].Take(next);

    /// <summary>Writes the whole answer.</summary>
    public abstract Task WriteWholeAsync(ApiCall call);

    /// <summary>Says what comes first in a stream.</summary>
    public abstract Task BeginAsync(SseStream stream);

    /// <summary>Says an event of a stream.</summary>
    public async ValueTask SendAsync(SseStream stream, AnswerEvent next)
    {
        var choice = next.Chunk.Choice;
        if (next.Token is { } token)
            _pending[choice].Add(token);
        if (next.Chunk.Prefill is { } prefill && request.ReturnProgress)
        {
            var progress = PromptProgress.Of(prefill, _cached[choice] ??= prefill.Processed, clock.GetElapsedTime(_started));
            await SendProgressAsync(stream, progress).ConfigureAwait(false);
        }

        _summaries[choice] = next.Chunk.Summary;
        await SendPiecesAsync(stream, next).ConfigureAwait(false);
    }

    /// <summary>Says what comes last in a stream, before the word that it is over.</summary>
    public abstract Task EndAsync(SseStream stream);

    /// <summary>Says how far the prompt is.</summary>
    protected abstract ValueTask SendProgressAsync(SseStream stream, PromptProgress progress);

    /// <summary>Says what is new of an answer.</summary>
    protected abstract ValueTask SendPiecesAsync(SseStream stream, AnswerEvent next);

    /// <summary>The tokens that came since the last chunk, whose text is in this one or was held back; null where nobody asked.</summary>
    protected TokenProbability[]? TakeTokens(int choice)
    {
        if (!request.HasLogprobs)
            return null;
        var tokens = _pending[choice].ToArray();
        _pending[choice].Clear();
        return tokens;
    }

    private UsageField Usage(IEnumerable<GenerationSummary> choices) => new(TokenUsage.Of(choices, request.Generations[0].N));
}
