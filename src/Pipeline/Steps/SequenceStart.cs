using AkkaCp.Model.Sampling;

namespace AkkaCp.Pipeline.Steps;

/// <summary>What a rank keeps about a request from its first step on.</summary>
/// <param name="PromptLength">Leading tokens that are prompt; those behind were generated (a request resumed after a fault), which
/// presence and frequency penalties count and the prompt's do not.</param>
/// <param name="Sampling">How tokens are chosen.</param>
/// <param name="AllLogits">Whether the logits of every row go to the rank's <see cref="ILogitsSink"/>.</param>
public sealed record SequenceStart(int PromptLength, SamplingOptions Sampling, bool AllLogits = false);
