using AkkaCp.Collectives.Groups;
using AkkaCp.Collectives.Wire;
using AkkaCp.Npu;

namespace AkkaCp.Collectives.Links;

/// <summary>A frame in a link's queue: rows of a collective, or a text, or a header alone.</summary>
internal readonly struct SendItem
{
    public required FrameHeader Header { get; init; }

    public TensorView Rows { get; init; }

    public byte[]? Text { get; init; }

    /// <summary>Told when the rows have gone out.</summary>
    public SocketGroup? Group { get; init; }

    public Collective? Collective { get; init; }
}
