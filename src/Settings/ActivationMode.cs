namespace AkkaCp.Settings;

/// <summary>What products take of activations (model.activations).</summary>
public enum ActivationMode
{
    /// <summary>What the weights in memory ask for: those that keep their codes and scales take activations quantised row by row.</summary>
    Auto,

    /// <summary>The values as they are, over weights in float32.</summary>
    Float32,
}
