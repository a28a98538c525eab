using AkkaCp.Model.Configuration;
using AkkaCp.Model.Safetensors;
using AkkaCp.Npu;
using AkkaCp.Text.Files;

namespace AkkaCp.Model.Weights;

/// <summary>Compares what a rank asks for with what the files hold, before anything is read, and before all of it is planned.</summary>
internal static class TensorCheck
{
    /// <exception cref="ModelConfigException">The weights have other dimensions than the config; all of them.</exception>
    /// <exception cref="ModelFormatException">A tensor is missing, or has another shape or type.</exception>
    public static void Run(SafetensorsSet files, ModelConfig config, ShardSpec shard, DType dtype)
    {
        DimensionCheck.Run(files, config);
        foreach (var slice in ShardPlan.PiecesOf(config, shard, dtype).SelectMany(piece => piece.Slices))
        {
            Check(files, slice);
        }
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
        {
            throw new ModelFormatException(file.Path, slice.Tensor, expected, $"shape {tensor.ShapeText}");
        }

        if (tensor.DType is not (SafetensorsDType.F32 or SafetensorsDType.F16 or SafetensorsDType.BF16))
        {
            throw new ModelFormatException(file.Path, slice.Tensor, "dtype F32, F16 or BF16", $"{tensor.DType}");
        }
    }
}
