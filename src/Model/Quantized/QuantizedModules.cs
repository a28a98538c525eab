using AkkaCp.Model.Weights.Sources;

namespace AkkaCp.Model.Quantized;

/// <summary>What the tensors' names say of how a layer is quantised.</summary>
internal enum QuantizedKind
{
    /// <summary>X.weight_scale_inv: one-byte floats and a scale for each block of outputs and inputs.</summary>
    Blocks,

    /// <summary>X.weight_scale alone: one-byte numbers and scales of outputs.</summary>
    Bytes,

    /// <summary>X.qweight: words along inputs or outputs, stored as [inputs, outputs].</summary>
    Words,

    /// <summary>X.weight_packed: words along inputs, stored as [outputs, inputs].</summary>
    PackedRows,
}

/// <summary>Finds quantised layers.</summary>
internal static class QuantizedModules
{
    private static readonly (string Ending, QuantizedKind Kind)[] s_endings =
    [
        (".weight_scale_inv", QuantizedKind.Blocks), (".weight_scale", QuantizedKind.Bytes), (".qweight", QuantizedKind.Words),
        (".weight_packed", QuantizedKind.PackedRows),
    ];

    /// <summary>All quantised layers, by the tensors that only they have.</summary>
    public static IEnumerable<(string Module, QuantizedKind Kind)> In(IWeightSource files)
    {
        foreach (var tensor in files.Tensors)
        {
            foreach (var (ending, kind) in s_endings)
            {
                if (tensor.Name.EndsWith(ending, StringComparison.Ordinal) && tensor.Name[..^ending.Length] is var module
                    && !(kind == QuantizedKind.Bytes && files.Find(module + ".weight_packed") is not null))
                {
                    yield return (module, kind);
                }
            }
        }
    }

    /// <summary>Reads a layer's parts and compares them with config.json.</summary>
    /// <exception cref="Text.Files.ModelFormatException">A part is missing, or is not as the others need it.</exception>
    /// <exception cref="Configuration.ModelConfigException">config.json says otherwise.</exception>
    public static QuantizedTensor Read(QuantizedModule module, QuantizedKind kind) => kind switch
    {
        QuantizedKind.Words => WordLayouts.Transposed(module),
        QuantizedKind.PackedRows => WordLayouts.Rows(module),
        _ => ByteLayouts.Read(module, kind == QuantizedKind.Blocks ? "weight_scale_inv" : "weight_scale"),
    };
}
