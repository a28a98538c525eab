using AkkaCp.Model.Safetensors;

namespace AkkaCp.Model.Weights;

/// <summary>Compares what a plan asks for with what the files hold, before anything is read.</summary>
internal static class TensorCheck
{
    public static void Run(SafetensorsSet files, ShardPlan plan)
    {
        foreach (var slice in plan.Pieces.SelectMany(piece => piece.Slices))
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
