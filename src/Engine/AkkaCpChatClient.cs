using System.Runtime.CompilerServices;
using AkkaCp.Engine.Chat;
using Microsoft.Extensions.AI;

namespace AkkaCp.Engine;

/// <summary>
/// The engine as an <see cref="IChatClient"/>: messages and options in, text, reasoning and function calls out. Sampling options
/// that are null take the model's own defaults; <c>min_p</c>, <c>repetition_penalty</c>, <c>enable_thinking</c> and
/// <c>ignore_eos</c> are read from the additional properties.
/// </summary>
public sealed class AkkaCpChatClient : IChatClient
{
    private readonly Func<CancellationToken, Task<InferenceEngine>> _engine;
    private readonly ChatClientMetadata _metadata;

    /// <summary>A client of a running engine, which stays the caller's to dispose.</summary>
    public AkkaCpChatClient(InferenceEngine engine)
        : this(_ => Task.FromResult(engine), engine?.ModelName)
    {
        ArgumentNullException.ThrowIfNull(engine);
    }

    /// <summary>A client of an engine that may still be loading: requests wait for it.</summary>
    internal AkkaCpChatClient(Func<CancellationToken, Task<InferenceEngine>> engine, string? modelId)
    {
        _engine = engine;
        _metadata = new ChatClientMetadata("akka-cp", providerUri: null, modelId);
    }

    /// <inheritdoc/>
    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var updates = new List<ChatResponseUpdate>();
        await foreach (var update in GetStreamingResponseAsync(messages, options, cancellationToken).ConfigureAwait(false))
            updates.Add(update);
        return updates.ToChatResponse();
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var request = ChatRequestMapping.ToRequest(messages, options);
        var engine = await _engine(cancellationToken).ConfigureAwait(false);
        var prompt = engine.Encode(request);
        var calls = request.Tools.Count > 0 ? new CallReader(new OfferedTools(request.Tools), engine.WritesXmlCalls) : null;
        var answer = new ChatAnswer(engine.ModelName, prompt.OpensReasoning, calls);
        // The encoded prompt, so that what decided about reasoning is what the model sees.
        var encoded = request with { Messages = null, Tools = [], Tokens = prompt.Tokens };
        await foreach (var chunk in engine.GenerateAsync(encoded, cancellationToken).ConfigureAwait(false))
        {
            if (answer.Take(chunk) is { } update)
                yield return update;
        }
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        if (serviceKey is not null)
            return null;
        return serviceType == typeof(ChatClientMetadata) ? _metadata : serviceType.IsInstanceOfType(this) ? this : null;
    }

    /// <summary>Does nothing: the engine belongs to who started it.</summary>
    public void Dispose()
    {
    }
}
