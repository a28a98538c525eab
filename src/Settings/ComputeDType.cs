namespace AkkaCp.Settings;

/// <summary>What numbers are stored in: weights (model.dtype) or the KV cache (kv-cache.dtype).</summary>
public enum ComputeDType
{
    /// <summary>As the source has them: weights as the checkpoint stores them, the KV cache as the weights.</summary>
    Auto,

    /// <summary>32-bit floating point.</summary>
    Float32,

    /// <summary>The upper 16 bits of float32.</summary>
    BFloat16,

    /// <summary>Weights only: 8-bit integers with a scale for each output; activations are quantised token by token (W8A8).</summary>
    Int8,

    /// <summary>
    /// Weights only: 4-bit integers with a scale for each 32 inputs of an output; activations are quantised for each 32 inputs of a token.
    /// </summary>
    Int4,
}
