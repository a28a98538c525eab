namespace AkkaCp.Settings;

/// <summary>akka-cp.model: what is loaded.</summary>
public sealed record ModelSettings
{
    /// <summary>Model directory or GGUF file; relative to the working directory. Default null (none): the program's own choice.</summary>
    public string? Path { get; init; }

    /// <summary>What weights are stored in. Default auto: as in the checkpoint.</summary>
    public ComputeDType DType { get; init; } = ComputeDType.Auto;

    /// <summary>What products take of activations. Default auto: what the weights in memory ask for.</summary>
    public ActivationMode Activations { get; init; } = ActivationMode.Auto;

    internal static ModelSettings Read(SettingsSection section) => new()
    {
        Path = section.Text("model.path", "none"),
        DType = section.Choice("model.dtype",
            ("auto", ComputeDType.Auto), ("float32", ComputeDType.Float32),
            ("bfloat16", ComputeDType.BFloat16), ("int8", ComputeDType.Int8), ("int4", ComputeDType.Int4)),
        Activations = section.Choice("model.activations", ("auto", ActivationMode.Auto), ("f32", ActivationMode.Float32)),
    };
}
