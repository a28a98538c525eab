using System.Collections.Immutable;

namespace AkkaCp.Actors.Protocol;

/// <summary>
/// A message too large for one frame, cut into fragments: a prompt of hundreds of thousands of tokens, a row of logits. Remoting drops what
/// exceeds its frame in silence, and large frames would hold heartbeats up.
/// </summary>
internal static class FragmentProtocol
{
    /// <summary>One fragment.</summary>
    /// <param name="Message">Names the message; fragments of several may come mixed.</param>
    /// <param name="Index">Its place, from 0.</param>
    /// <param name="Count">Fragments in all.</param>
    /// <param name="Manifest">What the whole is.</param>
    /// <param name="Bytes">Its bytes.</param>
    public sealed record Fragment(Guid Message, int Index, int Count, string Manifest, ImmutableArray<byte> Bytes) : IWireMessage;
}
