using AkkaCp.Model.Gguf.Blocks;
using AkkaCp.Model.Weights.Sources;

namespace AkkaCp.Model.Gguf;

/// <summary>A tensor of Hugging Face's files in a GGUF file: all of a tensor there, or one expert's matrix of a stack.</summary>
/// <param name="Name">Hugging Face's name.</param>
/// <param name="Holder">The file that holds it.</param>
/// <param name="Source">Its name there, and which expert's it is: for errors.</param>
/// <param name="Blocks">How its values lie.</param>
/// <param name="Shape">Dimensions in Hugging Face's order.</param>
/// <param name="Offset">First byte in the file's data.</param>
internal sealed record GgufView(
    string Name, GgufFile Holder, string Source, BlockType Blocks, IReadOnlyList<long> Shape, long Offset)
    : WeightTensor(Name, Holder.Path, Blocks.Stored, Shape)
{
    /// <summary>Everything that a tensor of a file holds under Hugging Face's names.</summary>
    public static IEnumerable<GgufView> Of(GgufFile file, GgufTensor tensor)
    {
        var shape = tensor.Dims.Reverse().ToArray();
        var matrices = shape.Length == 3 ? GgufNames.MatricesOfExperts(tensor.Name) : [];
        if (matrices.Count == 0 || shape[1] % matrices.Count != 0 || shape[0] > int.MaxValue)
            return [new GgufView(GgufNames.Of(tensor.Name), file, tensor.Name, tensor.Type, shape, tensor.Offset)];

        var bytes = tensor.Bytes / shape[0] / matrices.Count;
        return
            from expert in Enumerable.Range(0, (int)shape[0])
            from matrix in Enumerable.Range(0, matrices.Count)
            select new GgufView(
                GgufNames.OfExpert(tensor.Name, expert, matrices[matrix]), file, $"{tensor.Name}, expert {expert}", tensor.Type,
                [shape[1] / matrices.Count, shape[2]], tensor.Offset + (((expert * (long)matrices.Count) + matrix) * bytes));
    }
}
