using AkkaCp.Collectives.Links;
using AkkaCp.Collectives.Wire;
using AkkaCp.Npu;

namespace AkkaCp.Collectives.Groups;

/// <summary>Rows on their way to a peer.</summary>
/// <param name="To">The peer.</param>
/// <param name="Header">Its frame.</param>
/// <param name="Rows">What the frame carries.</param>
internal readonly record struct OutboundBlock(Peer To, FrameHeader Header, TensorView Rows);
