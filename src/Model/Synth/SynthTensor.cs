using AkkaCp.Model.Configuration;
using AkkaCp.Model.Weights;
using AkkaCp.Npu;

namespace AkkaCp.Model.Synth;

/// <summary>One tensor to make up, with the mean and deviation of its elements.</summary>
/// <param name="Name">Name in the file.</param>
/// <param name="Shape">Dimensions.</param>
/// <param name="Mean">1 and above for norms, else 0.</param>
/// <param name="Deviation">
/// Chosen so that residuals keep their size from layer to layer, attention and router have an opinion, and logits spread by a few
/// units.
/// </param>
internal sealed record SynthTensor(string Name, IReadOnlyList<long> Shape, float Mean, float Deviation)
{
    public long Count => Shape.Aggregate(1L, (product, dimension) => product * dimension);

    /// <summary>All tensors of a model, in the order of its layers.</summary>
    public static IReadOnlyList<SynthTensor> All(ModelConfig config) =>
    [
        .. ShardPieces.Create(config, ShardSpec.Whole, DType.F32).All
            .SelectMany(piece => piece.Slices)
            .Select(slice => (slice.Tensor, slice.Shape))
            .DistinctBy(tensor => tensor.Tensor)
            .Select(tensor => Create(tensor.Tensor, tensor.Shape)),
    ];

    private static SynthTensor Create(string name, IReadOnlyList<long> shape)
    {
        if (name.EndsWith("norm.weight", StringComparison.Ordinal))
        {
            var mean = name.Contains("self_attn", StringComparison.Ordinal) ? 1.3f : 1f;
            return new SynthTensor(name, shape, mean, 0.1f);
        }

        // A row of K elements with deviation g / √K turns unit input into output of deviation g.
        return new SynthTensor(
            name, shape, 0, name.StartsWith("model.embed", StringComparison.Ordinal) ? 1f : Gain(name) / MathF.Sqrt(shape[^1]));
    }

    private static float Gain(string name) => name switch
    {
        "lm_head.weight" => 2.5f,
        _ when name.EndsWith("mlp.gate.weight", StringComparison.Ordinal) => 1.5f,
        _ when name.EndsWith("down_proj.weight", StringComparison.Ordinal) => 1.5f,
        _ => 1f,
    };
}
