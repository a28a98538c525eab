using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using AkkaCp.Actors.Edge;
using AkkaCp.Actors.Logging;
using AkkaCp.Actors.Protocol;
using AkkaCp.Engine.Chat;
using AkkaCp.Engine.Composition;
using AkkaCp.Engine.Generation;
using AkkaCp.Engine.Metrics;
using AkkaCp.Model.Sampling;
using AkkaCp.Scheduling.Requests;
using AkkaCp.Settings;
using AkkaCp.Text.Tokenization;

namespace AkkaCp.Engine;

/// <summary>
/// A model that answers any number of requests at once: loaded onto the ranks of this process or, where the configuration names the
/// seeds of a cluster, on that cluster's nodes. Thread-safe. Disposing it ends running requests as ShuttingDown and frees all memory.
/// </summary>
public sealed class InferenceEngine : IAsyncDisposable
{
    private readonly IGenerationBackend _backend;
    private readonly ModelAssets _model;
    private readonly TimeProvider _clock;
    private readonly Callbacks _callbacks;
    private readonly EngineMeter _meter;
    // Taken over at the start, until they are asked for.
    private ConcurrentDictionary<GenerationRequest, AcceptedRequest> _known = new(ReferenceEqualityComparer.Instance);
    private int _disposed;

    internal InferenceEngine(
        IGenerationBackend backend, ModelAssets model, TimeProvider? clock = null, Callbacks? callbacks = null)
    {
        _callbacks = callbacks ?? Callbacks.Of(null);
        _backend = backend;
        _model = model;
        _clock = clock ?? TimeProvider.System;
        _meter = new EngineMeter(model.Name, () => Health);
    }

    /// <summary>Name of the model: its directory's.</summary>
    public string ModelName => _model.Name;

    /// <summary>Tokens of prompt and answer together, at most.</summary>
    public int ContextLength => _model.ContextLength;

    /// <summary>Logits of a position.</summary>
    public int VocabSize => _model.VocabSize;

    /// <summary>The model's tokenizer.</summary>
    public Tokenizer Tokenizer => _model.Tokenizer;

    /// <summary>How the engine is now. Of a cluster, what it said within the last 5 s, and unknown when it said nothing: it is asked
    /// beside, and <see cref="CheckHealthAsync"/> waits for the answer.</summary>
    public EngineHealth Health => _backend.Health with { CallbackFailures = _callbacks.Failures };

    /// <summary>Asks how the engine is now: a probe, bounded, that asks a cluster's coordinator.</summary>
    /// <param name="timeout">How long a cluster may take to answer; what it does not answer is unknown.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task<EngineHealth> CheckHealthAsync(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        var health = _disposed == 0
            ? await _backend.CheckHealthAsync(timeout, cancellationToken).ConfigureAwait(false)
            : _backend.Health with { Ready = false };
        return health with { CallbackFailures = _callbacks.Failures };
    }

    /// <summary>Asks the coordinator for its nodes and its group of ranks; an engine in one process is a cluster of one node.</summary>
    /// <param name="timeout">How long it may take to answer.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Null when none answers in time.</returns>
    /// <exception cref="GenerationException">The engine is shut down.</exception>
    public Task<ClusterStatus?> ClusterStatusAsync(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        return _backend.StatusAsync(timeout, cancellationToken);
    }

    /// <summary>Tensors of steps that are in use now, on all devices; after disposal those that were never given back.</summary>
    internal int LiveTensors => _backend.LiveTensors;

    /// <summary>Reads configuration and model, loads the weights, all ranks at once, and starts the ranks; of a cluster's model only the
    /// small files are read.</summary>
    /// <exception cref="SettingsException">The configuration is wrong, or asks for memory that is not there; all
    /// mistakes.</exception>
    /// <exception cref="Text.Files.ModelFormatException">A file of the model is missing or malformed.</exception>
    /// <exception cref="TimeoutException">The start did not get on for <c>akka-cp.scheduler.start-timeout</c>.</exception>
    /// <exception cref="OutOfMemoryException">Memory or a thread was refused all the same.</exception>
    /// <exception cref="OperationCanceledException">Cancelled while loading; what was loaded is freed.</exception>
    public static Task<InferenceEngine> StartAsync(EngineOptions options, CancellationToken cancellationToken = default) =>
        StartAsync(options, [], cancellationToken);

    /// <summary>As the other overload, and takes over requests that are known already before it reads the weights: they are checked and
    /// encoded now, and are what they were now when
    /// <see cref="GenerateAsync(GenerationRequest, CancellationToken)"/> is given them.</summary>
    /// <exception cref="GenerationException">A request is invalid or too long; nothing was loaded.</exception>
    /// <exception cref="SettingsException">The configuration is wrong; all mistakes.</exception>
    /// <exception cref="Text.Files.ModelFormatException">A file of the model is missing or malformed.</exception>
    /// <exception cref="OperationCanceledException">Cancelled while loading; what was loaded is freed.</exception>
    public static async Task<InferenceEngine> StartAsync(
        EngineOptions options, IEnumerable<GenerationRequest> known, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(known);
        options = options.Guarded();
        cancellationToken.ThrowIfCancellationRequested();
        var spec = EngineSpec.Create(options);
        var model = ModelAssets.Load(spec.Files, spec.Model);
        var accepted = new ConcurrentDictionary<GenerationRequest, AcceptedRequest>(ReferenceEqualityComparer.Instance);
        foreach (var request in known)
        {
            cancellationToken.ThrowIfCancellationRequested();
            accepted[request] = model.Accept(request);
        }

        var backend = await Backend.StartAsync(spec, options, cancellationToken).ConfigureAwait(false);
        spec.Files.Forget();
        return new InferenceEngine(backend, model, callbacks: Callbacks.Of(options.LoggerFactory)) { _known = accepted };
    }

    /// <summary>What a request's prompt is for the model.</summary>
    /// <exception cref="GenerationException">Invalid: with every mistake of the request. ContextLengthExceeded.</exception>
    public EncodedPrompt Encode(GenerationRequest request) => _model.Accept(request).Prompt;

    /// <summary>
    /// Answers a request. Enumerating starts it; cancelling, or leaving the enumeration, ends it and frees its KV cache.
    /// </summary>
    /// <exception cref="GenerationException">The request is invalid, too long, refused or failed; from the
    /// enumeration.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; from the enumeration.</exception>
    public IAsyncEnumerable<GenerationChunk> GenerateAsync(GenerationRequest request, CancellationToken cancellationToken = default) =>
        GenerateAsync(() => Accept(request), cancellationToken);

    /// <summary>Takes a request over, unless it was known at the start.</summary>
    /// <exception cref="GenerationException">Invalid: with every mistake of the request. ContextLengthExceeded.</exception>
    internal AcceptedRequest Accept(GenerationRequest request) =>
        request is not null && _known.TryRemove(request, out var known) ? known : _model.Accept(request!);

    /// <summary>Reads the answer of a request that was taken over.</summary>
    /// <param name="accepted">The request.</param>
    /// <param name="tellsCallsEarly">Whether calls are told as they are written; else each in one piece, when it is whole.</param>
    internal AnswerReader ReaderOf(AcceptedRequest accepted, bool tellsCallsEarly = false)
    {
        if (accepted.Request.Messages is null)
            return new AnswerReader(null);
        var tools = accepted.Request.Tools;
        var calls = tools.Count > 0 ? new CallReader(new OfferedTools(tools), _model.Prompts.WritesXmlCalls) : null;
        return new AnswerReader(new OutputParser(accepted.Prompt.OpensReasoning, calls, tellsCallsEarly));
    }

    /// <summary>Answers a request that was taken over.</summary>
    internal async IAsyncEnumerable<GenerationChunk> GenerateAsync(
        Func<AcceptedRequest> accept, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        var accepted = accept();
        var seed = accepted.Request.Sampling.Seed ?? (ulong)Random.Shared.NextInt64();
        var chunks = accepted.Request.N == 1
            ? AnswerAsync(accepted, cancellationToken)
            : ChoiceMerge.Merge(
                (choice, ending) => AnswerAsync(accepted.Choice(choice, seed), ending), accepted.Request.N, 1, cancellationToken);
        await foreach (var chunk in chunks.ConfigureAwait(false))
            yield return chunk;
    }

    private async IAsyncEnumerable<GenerationChunk> AnswerAsync(
        AcceptedRequest accepted, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var submit = Prepare(accepted);
        using var trace = new RequestTrace(GenerationStream.OperationOf(accepted), ModelName, submit);
        var stream = new GenerationStream(submit, _model.Tokenizer, accepted, _clock, _meter, trace);
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await foreach (var reply in Replies(submit, stopping.Token, cancellationToken).ConfigureAwait(false))
        {
            switch (reply)
            {
                case GenerationProtocol.Progress progress:
                    trace.Prefilled(progress.Processed, progress.Total);
                    yield return new GenerationChunk { Prefill = new PrefillProgress(progress.Processed, progress.Total) };
                    break;
                case GenerationProtocol.TokenGenerated token when !stream.Stopped:
                    yield return stream.Take(token.Token);
                    // Tokens that are on their way come still; the terminal reply says that the ranks have let go.
                    if (stream.Stopped)
                        await stopping.CancelAsync().ConfigureAwait(false);
                    break;
                case GenerationProtocol.Completed { Reason: CompletionReason.Cancelled } when !stream.Stopped:
                    throw new GenerationException(FailureKind.ShuttingDown, "the engine ended the request");
                case GenerationProtocol.Completed completed:
                    yield return stream.Finish(completed.Reason, completed.Placement);
                    yield break;
                case GenerationProtocol.Failed when stream.Stopped:
                    // What failed came behind the stop string: the answer is whole.
                    yield return stream.Finish(CompletionReason.Cancelled, PrefillPlacement.None);
                    yield break;
                case GenerationProtocol.Failed failed:
                    throw stream.Fail(failed);
            }
        }
    }

    /// <summary>Gives the logits of every position of a sequence.</summary>
    /// <param name="tokens">The sequence.</param>
    /// <param name="row">Called once for each position, one after another, on a thread that it may hold: the ranks wait for it then. What
    /// it throws ends the request and is thrown here.</param>
    /// <param name="progress">Told how far the sequence is; what it throws is not the request's. Default nobody.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>How the sequence lay on the ranks.</returns>
    /// <exception cref="GenerationException">The sequence is invalid, too long, refused or failed.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; some positions were not given.</exception>
    public async Task<PrefillPlacement> LogitsAsync(
        IReadOnlyList<int> tokens, LogitsRow row, IProgress<PrefillProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        ArgumentNullException.ThrowIfNull(row);
        var prompt = Encode(new GenerationRequest { Tokens = tokens });
        var submit = new GenerationProtocol.Submit(
            Guid.NewGuid(), prompt.Tokens, prompt.Tokens.Length, 0, SamplingOptions.Greedy, [], AllLogits: true);
        progress = _callbacks.Guard(nameof(PrefillProgress), progress);
        ExceptionDispatchInfo? thrown = null;
        await foreach (var reply in _backend.Submit(submit, Row, cancellationToken).ConfigureAwait(false))
        {
            if (reply.IsTerminal)
                thrown?.Throw();
            switch (reply)
            {
                case GenerationProtocol.Progress told:
                    progress?.Report(new PrefillProgress(told.Processed, told.Total));
                    break;
                case GenerationProtocol.Completed { Reason: CompletionReason.Cancelled }:
                    cancellationToken.ThrowIfCancellationRequested();
                    throw new GenerationException(FailureKind.ShuttingDown, "the engine ended the request");
                case GenerationProtocol.Completed completed:
                    return completed.Placement;
                case GenerationProtocol.Failed failed:
                    throw new GenerationException(failed.Error, failed.Message);
            }
        }

        throw new GenerationException(FailureKind.Fault, "the replies ended without a terminal one");

        void Row(int position, ReadOnlySpan<float> logits)
        {
            try
            {
                row(position, logits);
            }
            catch (Exception error)
            {
                thrown = ExceptionDispatchInfo.Capture(error);
                throw;
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        await _backend.DisposeAsync().ConfigureAwait(false);
        _meter.Dispose();
    }

    /// <summary>The backend's replies. A request that this engine itself ended, at a stop string, completes like any
    /// other.</summary>
    private async IAsyncEnumerable<GenerationProtocol.IReply> Replies(
        GenerationProtocol.Submit submit, CancellationToken stopping,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var replies = _backend.Submit(submit, null, stopping).GetAsyncEnumerator(CancellationToken.None);
        while (true)
        {
            GenerationProtocol.IReply reply;
            try
            {
                if (!await replies.MoveNextAsync().ConfigureAwait(false))
                    throw new GenerationException(FailureKind.Fault, "the replies ended without a terminal one");
                reply = replies.Current;
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested
                && !cancellationToken.IsCancellationRequested)
            {
                reply = new GenerationProtocol.Completed(submit.RequestId, CompletionReason.Cancelled, PrefillPlacement.None);
            }

            cancellationToken.ThrowIfCancellationRequested();
            yield return reply;
            if (reply is GenerationProtocol.Completed)
                yield break;
        }
    }

    private GenerationProtocol.Submit Prepare(AcceptedRequest accepted)
    {
        var (request, tokens) = (accepted.Request, accepted.Prompt.Tokens);
        var room = _model.ContextLength - tokens.Length;
        return new GenerationProtocol.Submit(
            Guid.NewGuid(), tokens, tokens.Length,
            Math.Min(request.MaxTokens ?? _model.Defaults.MaxNewTokens ?? int.MaxValue, room),
            request.Sampling.Over(_model.Defaults.Sampling),
            request.IgnoreEos ? ImmutableArray<int>.Empty : _model.EndTokens)
        {
            CacheSalt = request.CacheSalt ?? "",
        };
    }

    private void ThrowIfDisposed()
    {
        if (_disposed != 0)
            throw new GenerationException(FailureKind.ShuttingDown, "the engine is shut down");
    }
}
