using System.Collections.Immutable;

namespace AkkaCp.Actors.Protocol;

/// <summary>
/// A message too large for one frame, cut into parts: a prompt of hundreds of thousands of tokens, a row of logits. Remoting drops what
/// exceeds its frame in silence, and large frames would hold heartbeats up.
/// </summary>
internal static class PartProtocol
{
    /// <summary>One part.</summary>
    /// <param name="Message">Names the message; parts of several may come mixed.</param>
    /// <param name="Index">Its place, from 0.</param>
    /// <param name="Count">Parts in all.</param>
    /// <param name="Manifest">What the whole is.</param>
    /// <param name="Bytes">Its bytes.</param>
    public sealed record Part(Guid Message, int Index, int Count, string Manifest, ImmutableArray<byte> Bytes) : IWireMessage;
}
