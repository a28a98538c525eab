namespace AkkaCp.Pipeline.Partition;

/// <summary>Where one request's rows of a step lie.</summary>
/// <param name="Kind">Split, dealt or replicated.</param>
/// <param name="Owner">CP rank that holds the last row and samples: the dealt-to rank; 0 otherwise (zigzag's last block is rank 0's).</param>
public readonly record struct CpPlacement(PlacementKind Kind, int Owner);
