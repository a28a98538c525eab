using AkkaCp.Collectives.Wire;
using AkkaCp.Npu;

namespace AkkaCp.Collectives.Links;

/// <summary>A frame in a link's queue: rows of a call, or a text, or a header alone.</summary>
internal readonly struct SendItem
{
    public required FrameHeader Header { get; init; }

    public TensorView Rows { get; init; }

    public byte[]? Text { get; init; }

    /// <summary>Told when the rows have gone out; null where there are none.</summary>
    public IRowSource? Source { get; init; }
}
