namespace AkkaCp.Pipeline.Partition;

/// <summary>One request's part in a step.</summary>
/// <param name="Extend">New tokens, at least 0.</param>
/// <param name="Prefix">Tokens before them, already in the KV pool, at least 0.</param>
/// <param name="IsDecode">The request has finished its prompt. A prefill chunk of one token is not a decode row.</param>
public readonly record struct RequestLength(int Extend, int Prefix, bool IsDecode);

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

/// <summary>Where one request's rows of a step lie.</summary>
/// <param name="Kind">Split, dealt or replicated.</param>
/// <param name="Owner">CP rank that holds the last row and samples: the dealt-to rank;
/// 0 otherwise (zigzag's last block is rank 0's).</param>
public readonly record struct CpPlacement(PlacementKind Kind, int Owner);
