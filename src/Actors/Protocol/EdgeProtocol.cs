using AkkaCp.Scheduling.Requests;

namespace AkkaCp.Actors.Protocol;

/// <summary>
/// What edge and coordinator say to each other beside <see cref="GenerationProtocol"/>, so that no reply is lost. Neither watches the
/// other: an edge that is silent for a minute has given up its requests, and a coordinator that does not answer is looked for anew.
/// </summary>
internal static class EdgeProtocol
{
    /// <summary>From the edge: the request, and whose it is. The coordinator serves it, or refuses the client.</summary>
    /// <param name="Request">What is asked for.</param>
    /// <param name="Client">Who asks; null for a client that says nothing of itself.</param>
    public sealed record HandIn(GenerationProtocol.Submit Request, ClientFacts? Client) : GenerationProtocol.ICommand
    {
        /// <inheritdoc/>
        public Guid RequestId => Request.RequestId;
    }

    /// <summary>From the edge: it is there, and knows this many tokens; the coordinator says again what is missing.</summary>
    /// <param name="RequestId">The request.</param>
    /// <param name="Known">Tokens that the edge has, prompt and answer together.</param>
    public sealed record Poll(Guid RequestId, int Known) : GenerationProtocol.ICommand;

    /// <summary>From the edge: it has the terminal reply; the coordinator may forget the request.</summary>
    public sealed record Done(Guid RequestId) : GenerationProtocol.ICommand;

    /// <summary>From the coordinator: the request ended.</summary>
    /// <param name="RequestId">The request.</param>
    /// <param name="Length">Tokens that it has, prompt and answer together: an edge that knows fewer asks for them first.</param>
    /// <param name="Reply">The terminal reply.</param>
    public sealed record Ended(Guid RequestId, int Length, GenerationProtocol.IReply Reply) : IEdgeMessage;

    /// <summary>From the coordinator: nothing is new.</summary>
    /// <param name="RequestId">The request.</param>
    /// <param name="Missing">What keeps the coordinator from running any request; empty for nothing.</param>
    public sealed record Waiting(Guid RequestId, string Missing) : IEdgeMessage;

    /// <summary>From the coordinator: it does not know the request; the edge hands it in again with the tokens that it has.</summary>
    public sealed record Unknown(Guid RequestId) : IEdgeMessage;

    /// <summary>From the coordinator to the edge, not for its client.</summary>
    public interface IEdgeMessage : IWireMessage
    {
        /// <summary>The request that this is about.</summary>
        Guid RequestId { get; }
    }
}
