using AkkaCp.Engine;
using AkkaCp.Engine.Chat;
using AkkaCp.Engine.Generation;
using AkkaCp.Server.Http;

namespace AkkaCp.Server.Answers;

/// <summary>What became of one chunk of an answer, for a surface to translate.</summary>
/// <param name="Chunk">The engine's chunk.</param>
/// <param name="Pieces">What is new of reasoning, text and calls.</param>
/// <param name="Token">The chunk's token, where log-probabilities were asked for and it has text.</param>
/// <param name="FinishReason">Why the choice ended, on its last chunk.</param>
internal readonly record struct AnswerEvent(
    GenerationChunk Chunk, List<OutputPiece> Pieces, TokenProbability? Token, string? FinishReason);

/// <summary>One request's way through the engine: every surface reads the same events of it.</summary>
internal static class Answering
{
    // How long a stream waits for the coordinator's word, so that a refusal is an HTTP error.
    private static readonly TimeSpan s_wordOfAdmission = TimeSpan.FromSeconds(1);

    /// <summary>Answers whole, or as a stream, as the request asks.</summary>
    /// <param name="call">The request over HTTP.</param>
    /// <param name="request">What it asks.</param>
    /// <param name="surface">Writes what becomes of it.</param>
    /// <exception cref="ApiException">Why there is no answer; nothing was sent then.</exception>
    public static async Task RunAsync(ApiCall call, AnswerRequest request, AnswerSurface surface)
    {
        try
        {
            var engine = call.Engine;
            // Who has another key neither takes nor leaves keys and values: how long an answer takes would tell what others asked.
            var accepted = request.Generations.Select(one => engine.Accept(one with { CacheSalt = call.Key })).ToList();
            var readers = accepted
                .SelectMany(one => Enumerable.Range(0, one.Request.N).Select(_ => engine.ReaderOf(one, tellsCallsEarly: true))).ToList();
            var events = new EventReader(ending => Generate(engine, accepted, ending), readers, engine, call);
            await using (events.ConfigureAwait(false))
            {
                if (request.Stream)
                    await StreamAsync(call, events, surface, request.PromptField).ConfigureAwait(false);
                else
                    await WholeAsync(call, events, surface).ConfigureAwait(false);
            }
        }
        catch (GenerationException error)
        {
            throw ApiException.Of(error, request.PromptField);
        }
    }

    private static IAsyncEnumerable<GenerationChunk> Generate(
        InferenceEngine engine, List<AcceptedRequest> accepted, CancellationToken cancellationToken) => accepted.Count == 1
        ? engine.GenerateAsync(() => accepted[0], cancellationToken)
        : ChoiceMerge.Merge(
            (index, ending) => engine.GenerateAsync(() => accepted[index], ending), accepted.Count, accepted[0].Request.N,
            cancellationToken);

    private static async Task WholeAsync(ApiCall call, EventReader events, AnswerSurface surface)
    {
        while (await events.MoveNextAsync().ConfigureAwait(false))
            surface.Collect(events.Current);
        await surface.WriteWholeAsync(call).ConfigureAwait(false);
    }

    private static async Task StreamAsync(ApiCall call, EventReader events, AnswerSurface surface, string promptField)
    {
        var first = events.MoveFirstAsync();
        await Task.WhenAny(first, Task.Delay(s_wordOfAdmission, call.Aborted)).ConfigureAwait(false);
        if (first.IsFaulted || first.IsCanceled)
            await first.ConfigureAwait(false);
        var stream = await SseStream.StartAsync(call.Context, call.Service).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            try
            {
                await surface.BeginAsync(stream).ConfigureAwait(false);
                for (var more = await first.ConfigureAwait(false); more; more = await events.MoveNextAsync().ConfigureAwait(false))
                    await surface.SendAsync(stream, events.Current).ConfigureAwait(false);
                await surface.EndAsync(stream).ConfigureAwait(false);
                await stream.SendDoneAsync().ConfigureAwait(false);
            }
            catch (Exception error) when (!call.Aborted.IsCancellationRequested)
            {
                await stream.SendErrorAsync(ApiEndpoint.AsApi(error, promptField)).ConfigureAwait(false);
            }
        }
    }

    /// <summary>The events of all choices. Its disposal ends the requests, wherever they are, and waits for that.</summary>
    private sealed class EventReader : IAsyncDisposable
    {
        private readonly CancellationTokenSource _ending;
        private readonly IAsyncEnumerator<AnswerEvent> _events;
        private readonly List<AnswerReader> _readers;
        private readonly InferenceEngine _engine;
        private readonly ApiCall _call;
        private Task<bool> _first = Task.FromResult(false);

        public EventReader(
            Func<CancellationToken, IAsyncEnumerable<GenerationChunk>> generate, List<AnswerReader> readers, InferenceEngine engine,
            ApiCall call)
        {
            _ending = CancellationTokenSource.CreateLinkedTokenSource(call.Aborted);
            if (call.Service.Settings.Limits.RequestTimeout is { } limit)
                _ending.CancelAfter(limit);
            (_readers, _engine, _call) = (readers, engine, call);
            _events = ReadAsync(generate(_ending.Token)).GetAsyncEnumerator(CancellationToken.None);
        }

        /// <summary>The event that was moved to.</summary>
        public AnswerEvent Current => _events.Current;

        /// <summary>Moves to the first event, for whom may give up waiting for it; false when there is none.</summary>
        public Task<bool> MoveFirstAsync() => _first = _events.MoveNextAsync().AsTask();

        /// <summary>Moves to the next event; false behind the last.</summary>
        public ValueTask<bool> MoveNextAsync() => _events.MoveNextAsync();

        /// <inheritdoc/>
        public async ValueTask DisposeAsync()
        {
            await _ending.CancelAsync().ConfigureAwait(false);
            await ((Task)_first).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await _events.DisposeAsync().ConfigureAwait(false);
            _ending.Dispose();
        }

        private async IAsyncEnumerable<AnswerEvent> ReadAsync(IAsyncEnumerable<GenerationChunk> answer)
        {
            var chunks = answer.GetAsyncEnumerator(_ending.Token);
            await using (chunks.ConfigureAwait(false))
            {
                while (true)
                {
                    try
                    {
                        if (!await chunks.MoveNextAsync().ConfigureAwait(false))
                            yield break;
                    }
                    catch (OperationCanceledException) when (_ending.IsCancellationRequested && !_call.Aborted.IsCancellationRequested)
                    {
                        throw ApiException.TimedOut(_call.Service.Settings.Limits.RequestTimeout ?? TimeSpan.Zero);
                    }

                    yield return Event(chunks.Current);
                }
            }
        }

        private AnswerEvent Event(GenerationChunk chunk)
        {
            var reader = _readers[chunk.Choice];
            var pieces = reader.Take(chunk);
            var token = chunk.Logprob is not null && !_engine.Tokenizer.IsSpecial(chunk.Token!.Value)
                ? TokenProbability.Of(chunk, _engine.Tokenizer)
                : null;
            return new AnswerEvent(chunk, pieces, token, chunk.FinishReason is { } reason ? Word(reason, reader) : null);
        }

        private static string Word(FinishReason reason, AnswerReader reader) =>
            reason is FinishReason.Length && (reader.EndsInCall || !reader.HasCalls) ? "length" : reader.HasCalls ? "tool_calls" : "stop";
    }
}
