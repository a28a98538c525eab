namespace AkkaCp.Pipeline.Partition;

/// <summary>How a request's rows of one step lie on the context-parallel ranks.</summary>
public enum PlacementKind
{
    /// <summary>Zigzag over all CP ranks; K and V are gathered.</summary>
    Split,

    /// <summary>All rows on one CP rank; K and V are gathered.</summary>
    Dealt,

    /// <summary>All rows on every CP rank; nothing travels.</summary>
    Replicated,
}
