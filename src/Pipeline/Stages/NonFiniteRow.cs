using System.Numerics.Tensors;

namespace AkkaCp.Pipeline.Stages;

/// <summary>Tells a row of logits that a damaged weight has spoilt. A model's own logits are finite:
/// masks come later, in the sampler.</summary>
internal static class NonFiniteRow
{
    /// <summary>The number and its id, or null when all are finite.</summary>
    public static string? Describe(ReadOnlySpan<float> logits)
    {
        // A NaN wins over every magnitude, so one pass finds either.
        var id = TensorPrimitives.IndexOfMaxMagnitude(logits);
        return float.IsFinite(logits[id]) ? null : FormattableString.Invariant($"{logits[id]} at id {id}");
    }
}
