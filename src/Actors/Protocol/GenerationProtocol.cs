using System.Collections.Immutable;
using AkkaCp.Model.Sampling;

namespace AkkaCp.Actors.Protocol;

/// <summary>
/// The conversation between an edge (which holds a client's connection) and the coordinator about one request. The edge sends
/// <see cref="Submit"/> and gets any number of <see cref="Progress"/> and <see cref="TokenGenerated"/>, then exactly one terminal
/// reply: <see cref="Completed"/> or <see cref="Failed"/>.
/// </summary>
public static class GenerationProtocol
{
    /// <summary>From an edge to the coordinator.</summary>
    public interface ICommand : IWireMessage
    {
        /// <summary>Names the request in all messages about it.</summary>
        Guid RequestId { get; }
    }

    /// <summary>From the coordinator to the edge.</summary>
    public interface IReply : IWireMessage
    {
        /// <summary>The request that this is about.</summary>
        Guid RequestId { get; }

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
    /// <param name="Client">Who asks; noted where the request enters the actors, and null before.</param>
    public sealed record Submit(
        Guid RequestId, ImmutableArray<int> Tokens, int PromptLength, int MaxNewTokens, SamplingOptions Sampling,
        ImmutableArray<int> StopTokens, bool AllLogits = false, ClientFacts? Client = null) : ICommand;

    /// <summary>The client went away or has enough; answered by Completed(Cancelled) unless the request has ended already.</summary>
    public sealed record Cancel(Guid RequestId) : ICommand;

    /// <summary>The request left the queue, or a prefill chunk is done.</summary>
    /// <param name="RequestId">The request.</param>
    /// <param name="Number">The coordinator's number for it; names it in plans and at the logits sink.</param>
    /// <param name="Processed">Prompt tokens whose K and V are in the pool.</param>
    /// <param name="Total">Prompt tokens in all.</param>
    public sealed record Progress(Guid RequestId, long Number, int Processed, int Total) : IReply;

    /// <summary>A token was sampled.</summary>
    /// <param name="RequestId">The request.</param>
    /// <param name="Position">Absolute position of the token.</param>
    /// <param name="Token">Id and log-probabilities.</param>
    public sealed record TokenGenerated(Guid RequestId, int Position, SampledToken Token) : IReply;

    /// <summary>Terminal: the request ended as it should.</summary>
    public sealed record Completed(Guid RequestId, CompletionReason Reason, PrefillLayout Layout) : IReply;

    /// <summary>Terminal: the request failed; the tokens sent before stay valid.</summary>
    /// <param name="RequestId">The request.</param>
    /// <param name="Error">What kind of failure.</param>
    /// <param name="Message">What, where, expected, found; one line.</param>
    public sealed record Failed(Guid RequestId, FailureKind Error, string Message) : IReply;
}

/// <summary>Why a request ended without a failure.</summary>
public enum CompletionReason
{
    /// <summary>A stop token was sampled.</summary>
    Stop,

    /// <summary>The limit of new tokens, or the model's or pool's length, was reached.</summary>
    Length,

    /// <summary>The edge cancelled it.</summary>
    Cancelled,
}

/// <summary>Why a request failed.</summary>
public enum FailureKind
{
    /// <summary>The request itself is wrong: token ids, numbers.</summary>
    Invalid,

    /// <summary>The prompt is longer than the model's context or the whole KV pool.</summary>
    ContextLengthExceeded,

    /// <summary>The queue is full; the message says how long it is.</summary>
    Busy,

    /// <summary>A stage, a rank or a peer failed during one of the request's steps.</summary>
    Fault,

    /// <summary>The engine is shutting down.</summary>
    ShuttingDown,
}

/// <summary>How a request's prompt lay on the ranks, for the line that the command line prints.</summary>
/// <param name="CpSize">CP ranks.</param>
/// <param name="Ways">Steps of the prefill by way: how often Split, Dealt, Replicated.</param>
/// <param name="RowsPerRank">Prompt rows that each CP rank computed.</param>
/// <param name="KvBytesGathered">K‖V bytes that CP rank 0 received in the steps of this prompt, its whole steps counted.</param>
public sealed record PrefillLayout(int CpSize, ImmutableArray<int> Ways, ImmutableArray<int> RowsPerRank, long KvBytesGathered)
{
    /// <summary>Of a request that never ran.</summary>
    public static PrefillLayout None { get; } = new(0, [0, 0, 0], [], 0);
}
