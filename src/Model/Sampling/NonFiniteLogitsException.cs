namespace AkkaCp.Model.Sampling;

/// <summary>The model gave logits from which nothing can be chosen: a NaN, a +∞, or no finite one at all.</summary>
public sealed class NonFiniteLogitsException : Exception
{
    internal NonFiniteLogitsException(int id, float value)
        : base(
            FormattableString.Invariant($"Sampler, logits: expected finite numbers (or −∞ for a masked token), found {value} at id {id}."))
    {
    }

    internal NonFiniteLogitsException(int vocabSize)
        : base(FormattableString.Invariant($"Sampler, logits: expected at least one finite number, found {vocabSize} times −∞."))
    {
    }
}
