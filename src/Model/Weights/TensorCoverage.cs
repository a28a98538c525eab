using AkkaCp.Model.Configuration;
using AkkaCp.Model.Safetensors;
using AkkaCp.Npu;
using AkkaCp.Text.Files;

namespace AkkaCp.Model.Weights;

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
        var read = ShardPlan.PiecesOf(config, ShardSpec.Whole, DType.F32).SelectMany(piece => piece.Slices)
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
