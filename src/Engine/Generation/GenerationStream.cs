using AkkaCp.Engine.Metrics;
using AkkaCp.Engine.Prompting;
using AkkaCp.Model.Sampling;
using AkkaCp.Scheduling.Requests;
using AkkaCp.Text.Tokenization;

namespace AkkaCp.Engine.Generation;

/// <summary>One request's way from replies to chunks: decodes tokens, looks for stop strings, counts and times.</summary>
internal sealed class GenerationStream
{
    private readonly GenerationProtocol.Submit _request;
    private readonly Tokenizer _tokenizer;
    private readonly IReadOnlySet<int> _tags;
    private readonly StreamDecoder _decoder;
    private readonly AnswerStops _stops;
    private readonly TimeProvider _clock;
    private readonly EngineMeter _meter;
    private readonly RequestTrace _trace;
    private readonly string _operation;
    private readonly long _started;
    private long _firstToken;
    private long _lastToken;
    private int _tokens;

    public GenerationStream(
        GenerationProtocol.Submit request, Tokenizer tokenizer, AcceptedRequest accepted, TimeProvider clock, EngineMeter meter,
        RequestTrace trace)
    {
        _request = request;
        _tokenizer = tokenizer;
        _tags = AnswerTags.TokensOf(tokenizer);
        _decoder = tokenizer.CreateStreamDecoder(skipSpecial: false);
        _stops = new AnswerStops(accepted.Request.Stop, accepted.Start);
        _clock = clock;
        _meter = meter;
        _trace = trace;
        _operation = OperationOf(accepted);
        _started = clock.GetTimestamp();
    }

    /// <summary>Whether a stop string was met: no more tokens are wanted.</summary>
    public bool Stopped => _stops.Stopped;

    /// <summary>What OpenTelemetry calls it.</summary>
    public static string OperationOf(AcceptedRequest accepted) => accepted.Request.Messages is null ? "text_completion" : "chat";

    /// <summary>The chunk of a token.</summary>
    public GenerationChunk Take(SampledToken token)
    {
        _lastToken = _clock.GetTimestamp();
        if (_tokens++ == 0)
        {
            _firstToken = _lastToken;
            _trace.Token();
        }

        var text = HasText(token.Id) ? _stops.Push(_decoder.Append(token.Id)) : "";
        return new GenerationChunk
        {
            Text = text,
            Token = token.Id,
            Logprob = _request.Sampling.Logprobs ? token.Logprob : null,
            TopLogprobs = token.TopLogprobs,
        };
    }

    /// <summary>The last chunk.</summary>
    public GenerationChunk Finish(CompletionReason reason, PrefillPlacement placement)
    {
        var text = Stopped ? "" : _stops.Push(_decoder.Flush()) + _stops.Flush();
        var finish = Stopped ? FinishReason.StopString : reason is CompletionReason.Stop ? FinishReason.Stop
            : FinishReason.Length;
        var summary = Summarize(placement);
        _trace.Ended(finish is FinishReason.Length ? "length" : "stop", summary);
        _meter.Ended(_operation, summary, _clock.GetElapsedTime(_started));
        return new GenerationChunk { Text = text, FinishReason = finish, Summary = summary };
    }

    /// <summary>What the request's failure is to its caller.</summary>
    public GenerationException Fail(GenerationProtocol.Failed failed)
    {
        _trace.Failed(failed.Error.ToString());
        _meter.Failed(_operation, failed.Error.ToString(), _clock.GetElapsedTime(_started));
        return new GenerationException(failed.Error, failed.Message);
    }

    // An end token has no text, even where a model ends its answers with an ordinary one.
    private bool HasText(int id) => !_request.StopTokens.Contains(id) && (!_tokenizer.IsSpecial(id) || _tags.Contains(id));

    private GenerationSummary Summarize(PrefillPlacement placement)
    {
        TimeSpan? toFirst = _tokens > 0 ? _clock.GetElapsedTime(_started, _firstToken) : null;
        var decoding = _clock.GetElapsedTime(_firstToken, _lastToken);
        return new GenerationSummary(
            _request.PromptLength, _tokens, placement, toFirst,
            toFirst is { Ticks: > 0 } first ? (_request.PromptLength - placement.CachedTokens) / first.TotalSeconds : null,
            _tokens > 1 && decoding.Ticks > 0 ? (_tokens - 1) / decoding.TotalSeconds : null);
    }
}
