using System.Diagnostics;
using AkkaCp.Scheduling.Requests;

namespace AkkaCp.Engine.Metrics;

/// <summary>
/// One answer as a span with OpenTelemetry's names for generative models, below whatever is current where it was asked for, and in it its
/// time in the queue, each chunk of its prompt, and its tokens. No text of the prompt or the answer is in it. Without a listener nothing is
/// made.
/// </summary>
internal sealed class RequestTrace : IDisposable
{
    private static readonly ActivitySource s_source = new(EngineMeter.Name);

    private readonly Activity? _answer;
    private Activity? _part;
    private int _processed = -1;

    /// <param name="operation">chat or text_completion.</param>
    /// <param name="model">The model's name.</param>
    /// <param name="request">What is asked.</param>
    public RequestTrace(string operation, string model, GenerationProtocol.Submit request)
    {
        _answer = Start($"{operation} {model}", Activity.Current?.Context ?? default);
        if (_answer is null)
            return;
        _answer.SetTag("gen_ai.operation.name", operation).SetTag("gen_ai.provider.name", EngineMeter.Provider)
            .SetTag("gen_ai.request.model", model).SetTag("gen_ai.request.max_tokens", request.MaxNewTokens)
            .SetTag("gen_ai.request.temperature", request.Sampling.Temperature).SetTag("gen_ai.request.top_p", request.Sampling.TopP)
            .SetTag("gen_ai.usage.input_tokens", request.PromptLength);
        Next("queue");
    }

    /// <summary>The prompt is that far.</summary>
    public void Prefilled(int processed, int total)
    {
        if (_answer is null || processed == _processed)
            return;
        _part?.SetTag("akkacp.prefill.to", processed);
        _processed = processed;
        if (processed < total)
            Next("prefill")!.SetTag("akkacp.prefill.from", processed);
    }

    /// <summary>A token came.</summary>
    public void Token()
    {
        if (_part is { DisplayName: not "decode" })
            Next("decode");
    }

    /// <summary>The answer is whole.</summary>
    public void Ended(string finish, GenerationSummary summary) => _answer?
        .SetTag("gen_ai.response.finish_reasons", new[] { finish }).SetTag("gen_ai.usage.output_tokens", summary.CompletionTokens)
        .SetTag("akkacp.cached_tokens", summary.CachedTokens);

    /// <summary>There is no answer.</summary>
    public void Failed(string kind) => _answer?.SetTag("error.type", kind).SetStatus(ActivityStatusCode.Error);

    /// <summary>Its end, whatever it was.</summary>
    public void Dispose()
    {
        _part?.Dispose();
        _answer?.Dispose();
    }

    private Activity? Next(string part)
    {
        _part?.Dispose();
        return _part = Start(part, _answer!.Context);
    }

    // What is current is the caller's: between two of its tokens it does other things.
    private static Activity? Start(string name, ActivityContext parent)
    {
        var current = Activity.Current;
        var started = s_source.StartActivity(name, ActivityKind.Internal, parent);
        Activity.Current = current;
        return started;
    }
}
