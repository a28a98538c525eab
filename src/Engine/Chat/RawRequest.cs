using AkkaCp.Scheduling.Requests;
using Microsoft.Extensions.AI;

namespace AkkaCp.Engine.Chat;

/// <summary>
/// The request that <see cref="ChatOptions.RawRepresentationFactory"/> makes, for what the abstractions have no option for. The options
/// and the messages lie over it.
/// </summary>
internal static class RawRequest
{
    /// <summary>The factory's request; an empty one where there is none.</summary>
    /// <exception cref="NotSupportedException">The factory made something else, or asks for what an answer has no place for.</exception>
    /// <exception cref="GenerationException">Invalid: the request has a prompt of its own, or nothing where something must be.</exception>
    public static GenerationRequest Of(ChatOptions options, IChatClient client)
    {
        if (options.RawRepresentationFactory?.Invoke(client) is not { } made)
            return new GenerationRequest();
        if (made is not GenerationRequest request)
        {
            throw new NotSupportedException(
                $"RawRepresentationFactory: expected a {nameof(GenerationRequest)}, found {made.GetType().Name}");
        }

        if (request.Messages is not null || request.Prompt is not null || request.Tokens is not null)
        {
            throw new GenerationException(
                FailureKind.Invalid, "RawRepresentationFactory: expected a request without messages, prompt and tokens");
        }

        var own = Prompting.RequestCopy.Of(request);
        return own.Sampling is { Logprobs: false, TopLogprobs: 0 } ? own : throw new NotSupportedException(
            "RawRepresentationFactory: Sampling.Logprobs: a chat answer has no place for them; InferenceEngine.GenerateAsync gives them");
    }
}
