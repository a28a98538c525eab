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

/// <summary>Compares what a rank asks for with what the files hold, before anything is read, and before all of it is planned.</summary>
internal static class TensorCheck
{
    /// <exception cref="ModelConfigException">The weights have other dimensions than the config; all of them.</exception>
    /// <exception cref="ModelFormatException">A tensor is missing, or has another shape or type.</exception>
    public static void Run(SafetensorsSet files, ModelConfig config, ShardSpec shard, DType dtype)
    {
        DimensionCheck.Run(files, config);
        foreach (var slice in ShardPieces.PiecesOf(config, shard, dtype).SelectMany(piece => piece.Slices))
            Check(files, slice);
    }

    private static void Check(SafetensorsSet files, TensorSlice slice)
    {
        var expected = $"shape [{string.Join(", ", slice.Shape)}]";
        if (files.FileOf(slice.Tensor) is not { } file)
        {
            var where = files.Files.Count == 1 ? files.Files[0].Path : files.Directory;
            throw new ModelFormatException(where, slice.Tensor, $"a tensor of {expected}", "no tensor of this name");
        }

        var tensor = file.Tensor(slice.Tensor);
        if (!tensor.Shape.SequenceEqual(slice.Shape))
            throw new ModelFormatException(file.Path, slice.Tensor, expected, $"shape {tensor.ShapeText}");

        if (tensor.DType is not (SafetensorsDType.F32 or SafetensorsDType.F16 or SafetensorsDType.BF16))
            throw new ModelFormatException(file.Path, slice.Tensor, "dtype F32, F16 or BF16", $"{tensor.DType}");
    }
}

/// <summary>
/// Tensors that no rank reads. One that belongs to what is computed (a bias, a shared expert, a scale of quantised weights) means that
/// the weights are another model's than config.json says; one beside it (a further head, further layers) is passed over.
/// </summary>
internal static class TensorCoverage
{
    private static readonly string[] s_computedParts = ["model.embed_tokens.", "model.norm.", "lm_head."];

    // Buffers that older versions of transformers and runtimes with an 8-bit cache save along.
    private static readonly string[] s_harmlessEnds = [".rotary_emb.inv_freq", ".k_scale", ".v_scale", ".masked_bias"];

    /// <summary>Names of the tensors that are passed over, in order.</summary>
    /// <exception cref="ModelFormatException">A tensor that nothing reads would change the result.</exception>
    public static IReadOnlyList<string> Check(SafetensorsSet files, ModelConfig config)
    {
        var read = ShardPieces.PiecesOf(config, ShardSpec.Whole, DType.F32).SelectMany(piece => piece.Slices)
            .Select(slice => slice.Tensor).ToHashSet(StringComparer.Ordinal);
        var unread = files.TensorNames.Where(name => !read.Contains(name)).Order(StringComparer.Ordinal).ToList();
        var changing = unread.Where(name => ChangesTheResult(name, config)).ToList();
        if (changing.Count > 0)
        {
            var more = changing.Count > 1 ? $" and {changing.Count - 1} more" : "";
            throw new ModelFormatException(
                files.FileOf(changing[0])!.Path, changing[0], "only tensors that the model of config.json has", $"this one{more}");
        }

        return unread;
    }

    // The head of a model that shares it with the embedding is often saved a second time.
    private static bool ChangesTheResult(string name, ModelConfig config) =>
        !(name == "lm_head.weight" && config.TieWordEmbeddings)
        && !s_harmlessEnds.Any(end => name.EndsWith(end, StringComparison.Ordinal))
        && (Array.Exists(s_computedParts, part => name.StartsWith(part, StringComparison.Ordinal)) || IsInLayer(name, config));

    private static bool IsInLayer(string name, ModelConfig config) =>
        DimensionCheck.LayerOf(name) is >= 0 and var layer && layer < config.NumHiddenLayers;
}
