using AkkaCp.Model.Weights.Sources;

namespace AkkaCp.Model.Weights;

/// <summary>Counts NaN and infinite elements of one tensor, a bounded rectangle at a time.</summary>
internal static class NonFiniteScan
{
    private const int MostElements = 1 << 18;

    public static long Count(IWeightSource files, WeightTensor tensor, CancellationToken cancellationToken)
    {
        if (tensor.Rows == 0 || tensor.Columns == 0)
            return 0;
        var columns = (int)Math.Min(tensor.Columns, MostElements);
        var rows = (int)Math.Min(tensor.Rows, MostElements / columns);
        var floats = new float[rows * columns];
        long count = 0;
        for (long row = 0; row < tensor.Rows; row += rows)
        {
            for (long column = 0; column < tensor.Columns; column += columns)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var (rowCount, columnCount) = ((int)Math.Min(rows, tensor.Rows - row), (int)Math.Min(columns, tensor.Columns - column));
                var values = floats.AsSpan(0, rowCount * columnCount);
                files.ReadRows(tensor.Name, row, rowCount, column, columnCount, values);
                count += CountIn(values);
            }
        }

        return count;
    }

    private static int CountIn(ReadOnlySpan<float> values)
    {
        var count = 0;
        foreach (var value in values)
            count += float.IsFinite(value) ? 0 : 1;

        return count;
    }
}
