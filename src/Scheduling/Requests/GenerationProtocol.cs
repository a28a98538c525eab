using System.Collections.Immutable;
using AkkaCp.Model.Sampling;

namespace AkkaCp.Scheduling.Requests;

/// <summary>
/// The conversation between an edge (which holds a client's connection) and the coordinator about one request. The edge sends
/// <see cref="Submit"/> and gets any number of <see cref="Progress"/> and <see cref="TokenGenerated"/>, then exactly one terminal
/// reply: <see cref="Completed"/> or <see cref="Failed"/>.
/// </summary>
public static class GenerationProtocol
{
    /// <summary>From an edge to the coordinator.</summary>
    public interface ICommand : IRequestMessage;

    /// <summary>From the coordinator to the edge.</summary>
    public interface IReply : IRequestMessage
    {
        /// <summary>Whether it is the request's last reply.</summary>
        bool IsTerminal => this is Completed or Failed;
    }

    /// <summary>Asks for a continuation.</summary>
    /// <param name="RequestId">Chosen by the edge, used once.</param>
    /// <param name="Tokens">Prompt, and behind it what was already generated when a request is resumed.</param>
    /// <param name="PromptLength">How many of <paramref name="Tokens"/> are prompt.</param>
    /// <param name="MaxNewTokens">Tokens to generate at most, at least 0. With 0 the prompt is only prefilled.</param>
    /// <param name="Sampling">How tokens are chosen.</param>
    /// <param name="StopTokens">Tokens that end the text; they are reported, too.</param>
    /// <param name="AllLogits">Whether ranks give the logits of all rows to the process's logits sink.</param>
    public sealed record Submit(
        Guid RequestId, ImmutableArray<int> Tokens, int PromptLength, int MaxNewTokens, SamplingOptions Sampling,
        ImmutableArray<int> StopTokens, bool AllLogits = false) : ICommand
    {
        /// <summary>Keys and values are shared between requests of one salt only. Default empty: the salt of those who give none.</summary>
        public string CacheSalt { get; init; } = "";
    }

    /// <summary>The client went away or has enough; answered by Completed(Cancelled) unless the request has ended already.</summary>
    public sealed record Cancel(Guid RequestId) : ICommand;

    /// <summary>The request left the queue, cached tokens of it were found, or a prefill chunk is done.</summary>
    /// <param name="RequestId">The request.</param>
    /// <param name="SequenceId">Names the request in plans and at the logits sink.</param>
    /// <param name="Processed">Prompt tokens whose K and V are in the pool.</param>
    /// <param name="Total">Prompt tokens in all.</param>
    public sealed record Progress(Guid RequestId, long SequenceId, int Processed, int Total) : IReply;

    /// <summary>A token was sampled.</summary>
    /// <param name="RequestId">The request.</param>
    /// <param name="Position">Absolute position of the token.</param>
    /// <param name="Token">Id and log-probabilities.</param>
    public sealed record TokenGenerated(Guid RequestId, int Position, SampledToken Token) : IReply;

    /// <summary>Terminal: the request ended as it should.</summary>
    public sealed record Completed(Guid RequestId, CompletionReason Reason, PrefillPlacement Placement) : IReply;

    /// <summary>Terminal: the request failed; the tokens sent before stay valid.</summary>
    /// <param name="RequestId">The request.</param>
    /// <param name="Error">What kind of failure.</param>
    /// <param name="Message">What, where, expected, found; one line.</param>
    public sealed record Failed(Guid RequestId, FailureKind Error, string Message) : IReply;
}
