using AkkaCp.Model.Configuration;
using AkkaCp.Model.Safetensors;
using AkkaCp.Npu;
using AkkaCp.Text.Files;

namespace AkkaCp.Model.Weights;

/// <summary>Whether a directory's weights are those of its config.json, found out from the files' headers.</summary>
public static class WeightFiles
{
    /// <summary>Checks name, shape and type of every tensor that the model has.</summary>
    /// <param name="directory">Model directory with safetensors files.</param>
    /// <param name="config">Its config.</param>
    /// <returns>Tensors that are passed over, as nothing of the model reads them.</returns>
    /// <exception cref="ModelConfigException">The weights have other dimensions than the config; all of them.</exception>
    /// <exception cref="ModelFormatException">
    /// A tensor is missing, has another shape or a type that is no float, or would change the result and is not read.
    /// </exception>
    /// <exception cref="SafetensorsException">A file cannot be read or breaks the format.</exception>
    public static IReadOnlyList<string> Check(string directory, ModelConfig config)
    {
        using var files = SafetensorsSet.Open(directory);
        TensorCheck.Run(files, config, ShardSpec.Whole, DType.F32);
        return TensorCoverage.Check(files, config);
    }

    /// <summary>Checks that the weights have the config's dimensions, so that what it asks for can be counted.</summary>
    /// <param name="directory">Model directory with safetensors files.</param>
    /// <param name="config">Its config.</param>
    /// <exception cref="ModelConfigException">They have others; all of them.</exception>
    /// <exception cref="SafetensorsException">A file cannot be read or breaks the format.</exception>
    public static void CheckDimensions(string directory, ModelConfig config)
    {
        using var files = SafetensorsSet.Open(directory);
        DimensionCheck.Run(files, config);
    }
}
