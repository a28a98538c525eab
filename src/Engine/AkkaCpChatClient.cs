using System.Runtime.CompilerServices;
using AkkaCp.Engine.Chat;
using Microsoft.Extensions.AI;

namespace AkkaCp.Engine;

/// <summary>
/// The engine as an <see cref="IChatClient"/>: messages and options in, text, reasoning and function calls out. Sampling options that are
/// null take the model's own defaults. Read from the additional properties: <c>min_p</c>, <c>repetition_penalty</c>, <c>logit_bias</c>,
/// <c>ignore_eos</c>, <c>enable_thinking</c>, <c>reasoning_effort</c> and <c>chat_template_kwargs</c>; a message's additional properties
/// are further keys for the template. <see cref="ChatOptions.RawRepresentationFactory"/> may make a <see cref="GenerationRequest"/>, over
/// which the options lie. What cannot be honoured is refused by name: with a <see cref="NotSupportedException"/> where the engine has no
/// such thing, with a <see cref="GenerationException"/> where a value is wrong.
/// </summary>
public sealed class AkkaCpChatClient : IChatClient
{
    private readonly Func<CancellationToken, Task<InferenceEngine>> _engine;
    private readonly Func<InferenceEngine?> _loaded;
    private readonly ChatClientMetadata _metadata;

    /// <summary>A client of a running engine, which stays the caller's to dispose.</summary>
    public AkkaCpChatClient(InferenceEngine engine)
        : this(_ => Task.FromResult(engine), () => engine, engine?.ModelName)
    {
        ArgumentNullException.ThrowIfNull(engine);
    }

    /// <summary>A client of an engine that may still be loading: requests wait for it.</summary>
    internal AkkaCpChatClient(
        Func<CancellationToken, Task<InferenceEngine>> engine, Func<InferenceEngine?> loaded, string? modelId)
    {
        _loaded = loaded;
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
        var request = ChatRequestMapping.ToRequest(messages, options, this);
        var engine = await _engine(cancellationToken).ConfigureAwait(false);
        UnsupportedOptions.RefuseOtherModel(options, engine.ModelName);
        var accepted = engine.Accept(request);
        var answer = new ChatAnswer(engine.ModelName, engine.ReaderOf(accepted));
        var showsReasoning = options?.Reasoning?.Output is not ReasoningOutput.None;
        await foreach (var chunk in engine.GenerateAsync(() => accepted, cancellationToken).ConfigureAwait(false))
        {
            if (answer.Take(chunk) is { } update && (showsReasoning || WithoutReasoning(update)))
                yield return update;
        }
    }

    /// <inheritdoc/>
    /// <remarks>Besides itself, <see cref="ChatClientMetadata"/>, and the <see cref="InferenceEngine"/> once it has loaded.</remarks>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        if (serviceKey is not null)
            return null;
        return serviceType == typeof(ChatClientMetadata) ? _metadata
            : serviceType.IsInstanceOfType(this) ? this
            : serviceType == typeof(InferenceEngine) ? _loaded()
            : null;
    }

    /// <summary>Does nothing: the engine belongs to who started it.</summary>
    public void Dispose()
    {
    }

    /// <summary>Takes the reasoning out; gives whether anything is left to say.</summary>
    private static bool WithoutReasoning(ChatResponseUpdate update)
    {
        update.Contents = [.. update.Contents.Where(content => content is not TextReasoningContent)];
        return update.Contents.Count > 0 || update.FinishReason is not null;
    }
}
