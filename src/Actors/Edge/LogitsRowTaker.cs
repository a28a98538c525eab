namespace AkkaCp.Actors.Edge;

/// <summary>Takes one position's logits of a request in a cluster; called one after another, in no fixed order, perhaps twice for a
/// position that was computed again in a new epoch.</summary>
/// <param name="position">Absolute position in the request.</param>
/// <param name="logits">[vocabulary] F32, valid during the call only.</param>
public delegate void LogitsRowTaker(int position, ReadOnlySpan<float> logits);
