using AkkaCp.Model.Weights.Sources;
using AkkaCp.Npu;
using Xunit;

namespace AkkaCp.Model.Tests.Weights;

/// <summary>Reads whatever a packed type keeps as it is, as a loader does.</summary>
internal static class PackedReading
{
    private const int MostCodes = 1 << 16;

    /// <summary>Every tensor, some rows at a time: finite values, or a typed error.</summary>
    public static void ReadAll(IWeightSource weights)
    {
        foreach (var tensor in weights.Tensors)
        {
            if (weights.PackedTypeOf(tensor) is not { } packed || tensor.Columns > MostCodes)
                continue;
            var columns = (int)tensor.Columns;
            var most = (int)Math.Min(tensor.Rows, MostCodes / Math.Max(1, columns));
            for (long row = 0; row < tensor.Rows; row += most)
            {
                var rows = (int)Math.Min(most, tensor.Rows - row);
                if (GroupFormat.Of(packed) is { } format)
                {
                    var groups = new GroupValues(format, rows * columns);
                    weights.ReadGroups(tensor.Name, row, rows, 0, columns, groups.Rows);
                    Assert.All(groups.Values, value => Assert.True(float.IsFinite(value)));
                }
                else
                {
                    var scales = new float[rows * (packed == DType.I8 ? 1 : (columns + 127) / 128)];
                    weights.ReadScaled(tensor.Name, row, rows, 0, columns, new byte[rows * columns], scales);
                    Assert.All(scales, scale => Assert.True(float.IsFinite(scale)));
                }
            }
        }
    }
}
