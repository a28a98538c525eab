using System.Diagnostics.Metrics;

namespace AkkaCp.Engine.Metrics;

/// <summary>
/// What the engine measures: OpenTelemetry's names for generative models, and its own below <c>akkacp</c>. A program listens to the meter
/// <see cref="Name"/>; without a listener nothing is measured.
/// </summary>
internal sealed class EngineMeter : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string Name = "AkkaCp";

    /// <summary>The provider, in OpenTelemetry's words.</summary>
    public const string Provider = "akka-cp";

    // Prefill on a CPU takes minutes.
    private static readonly double[] s_seconds = [.01, .02, .05, .1, .25, .5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500];
    private static readonly long[] s_tokens = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576];
    private static readonly double[] s_secondsOfToken = [.001, .0025, .005, .01, .025, .05, .075, .1, .15, .2, .3, .5, .75, 1, 2.5];

    private readonly Meter _meter = new(Name);
    private readonly KeyValuePair<string, object?>[] _tags;
    private readonly Histogram<double> _timeToFirstToken;
    private readonly Histogram<double> _timePerOutputToken;
    private readonly Histogram<double> _duration;
    private readonly Histogram<long> _tokens;

    /// <param name="model">The model's name.</param>
    /// <param name="health">Tells how the engine is, without waiting.</param>
    public EngineMeter(string model, Func<EngineHealth> health)
    {
        _tags = [new("gen_ai.provider.name", Provider), new("gen_ai.request.model", model)];
        _timeToFirstToken = Histogram(
            "gen_ai.server.time_to_first_token", "From a request to its first token, waiting included.", s_seconds);
        _timePerOutputToken = Histogram("gen_ai.server.time_per_output_token", "Of each token behind the first.", s_secondsOfToken);
        _duration = Histogram("gen_ai.server.request.duration", "From a request to its last token.", s_seconds);
        _tokens = _meter.CreateHistogram(
            "gen_ai.client.token.usage", "{token}", "Tokens of prompts and answers.", tags: null,
            new InstrumentAdvice<long> { HistogramBucketBoundaries = s_tokens });
        Gauge("akkacp.requests.running", "Requests that hold KV.", () => health().RunningRequests);
        Gauge("akkacp.requests.waiting", "Requests that wait for a place.", () => health().QueuedRequests);
        Gauge("akkacp.kv.blocks.free", "Blocks of the KV pool that nobody holds.", () => health().FreeKvBlocks);
        Gauge("akkacp.epoch", "Incarnation of the group of ranks.", () => health().Epoch);
        _meter.CreateObservableCounter(
            "akkacp.cached_tokens", () => Known(health().CachedTokens), description: "Prompt tokens that were in the KV pool already.");
        _meter.CreateObservableCounter(
            "akkacp.requests.put_back", () => Known(health().PutBacks),
            description: "How often running requests waited again, because no KV block was left.");
    }

    /// <summary>An answer has ended.</summary>
    /// <param name="operation">chat or text_completion.</param>
    /// <param name="summary">Its counts and times.</param>
    /// <param name="duration">From the request to its end.</param>
    public void Ended(string operation, GenerationSummary summary, TimeSpan duration)
    {
        var tags = Tags(operation);
        _duration.Record(duration.TotalSeconds, tags);
        _tokens.Record(summary.PromptTokens, [.. tags, new("gen_ai.token.type", "input")]);
        _tokens.Record(summary.CompletionTokens, [.. tags, new("gen_ai.token.type", "output")]);
        if (summary.TimeToFirstToken is { } first)
            _timeToFirstToken.Record(first.TotalSeconds, tags);
        if (summary.DecodeTokensPerSecond is > 0 and { } speed)
            _timePerOutputToken.Record(1 / speed, tags);
    }

    /// <summary>A request has failed.</summary>
    /// <param name="operation">chat or text_completion.</param>
    /// <param name="kind">Why.</param>
    /// <param name="duration">From the request to its end.</param>
    public void Failed(string operation, string kind, TimeSpan duration) =>
        _duration.Record(duration.TotalSeconds, [.. Tags(operation), new("error.type", kind)]);

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private KeyValuePair<string, object?>[] Tags(string operation) => [.. _tags, new("gen_ai.operation.name", operation)];

    private Histogram<double> Histogram(string name, string description, double[] boundaries) => _meter.CreateHistogram(
        name, "s", description, tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = boundaries });

    private void Gauge(string name, string description, Func<long?> read) =>
        _meter.CreateObservableGauge(name, () => Known(read()), description: description);

    private static IEnumerable<Measurement<long>> Known(long? value) => value is { } known ? [new Measurement<long>(known)] : [];
}
