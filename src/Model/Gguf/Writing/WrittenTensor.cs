using AkkaCp.Model.Configuration;
using AkkaCp.Model.Gguf.Encoders;
using AkkaCp.Model.Weights;
using AkkaCp.Npu;

namespace AkkaCp.Model.Gguf.Writing;

/// <summary>A tensor of a GGUF file to be written.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Type">How its values will lie.</param>
/// <param name="PartShape">The shape of each part, in Hugging Face's order.</param>
/// <param name="Parts">Hugging Face's names of what lies in it, one behind the other: several are a stack.</param>
internal sealed record WrittenTensor(string Name, EncodedType Type, IReadOnlyList<long> PartShape, IReadOnlyList<string> Parts)
{
    /// <summary>Dimensions in the file's order.</summary>
    public IReadOnlyList<long> Dims => [.. PartShape.Reverse(), .. IsStack ? [Parts.Count] : Array.Empty<long>()];

    /// <summary>Elements of a row.</summary>
    public int Columns => (int)PartShape[^1];

    /// <summary>Rows of a part.</summary>
    public int Rows => PartShape.Count == 1 ? 1 : (int)PartShape[0];

    /// <summary>Bytes of a row.</summary>
    public long RowBytes => Type.Type.Stored.BytesOf(0, Columns);

    /// <summary>Bytes of all.</summary>
    public long Bytes => Parts.Count * Rows * RowBytes;

    private bool IsStack => GgufNames.MatricesOfExperts(Name).Count > 0;

    /// <summary>All tensors of a model.</summary>
    public static IReadOnlyList<WrittenTensor> All(ModelConfig config, GgufMix mix) =>
    [
        .. ShardPieces.Create(config, ShardSpec.Whole, DType.F32).All
            .SelectMany(piece => piece.Slices)
            .DistinctBy(slice => slice.Tensor)
            .GroupBy(slice => GgufNames.OwnOf(slice.Tensor))
            .Select(stack => new WrittenTensor(
                stack.Key, mix.TypeOf(stack.Key, stack.First().Shape, config), stack.First().Shape, [.. stack.Select(one => one.Tensor)])),
    ];
}
