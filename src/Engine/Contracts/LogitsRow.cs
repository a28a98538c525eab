namespace AkkaCp.Engine;

/// <summary>Takes one position's logits. Called on the ranks' own threads, several at once and in no fixed order.</summary>
/// <param name="position">Absolute position in the prompt, from 0.</param>
/// <param name="logits">[vocabulary] F32, valid during the call only.</param>
public delegate void LogitsRow(int position, ReadOnlySpan<float> logits);
