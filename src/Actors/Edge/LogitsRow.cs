namespace AkkaCp.Actors.Edge;

/// <summary>Takes the logits of one position of a sequence.</summary>
/// <remarks>Positions come once each, one after another, in no fixed order. While it runs the ranks may wait for it.</remarks>
/// <param name="position">Absolute position in the sequence, from 0.</param>
/// <param name="logits">[vocabulary] F32, unscaled; valid during the call only.</param>
public delegate void LogitsRow(int position, ReadOnlySpan<float> logits);
