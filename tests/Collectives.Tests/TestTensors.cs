using AkkaCp.Npu;

namespace AkkaCp.Collectives.Tests;

/// <summary>Tensors for collectives: filled from a seed, dense or with gaps between rows that must stay untouched.</summary>
internal static class TestTensors
{
    private const float Guard = 12345.5f;

    /// <summary>[rows, columns] of pseudo-random values whose sums depend on their order.</summary>
    public static TensorView Filled(TensorPool pool, DType dtype, int rows, int columns, int seed, bool strided)
    {
        var view = Empty(pool, dtype, rows, columns, strided);
        var random = new Random(seed);
        for (var row = 0; row < rows; row++)
        {
            if (dtype == DType.F32)
            {
                foreach (ref var value in view.RowF32(row))
                    value = (random.NextSingle() - 0.5f) * MathF.Pow(10, random.Next(-3, 8));
            }
            else
            {
                random.NextBytes(view.Slice(row, 1).Bytes());
            }
        }

        return view;
    }

    /// <summary>[rows, columns] of guard values; with gaps when strided.</summary>
    public static TensorView Empty(TensorPool pool, DType dtype, int rows, int columns, bool strided)
    {
        var whole = pool.Rent(dtype, rows, columns + 3).View;
        for (var row = 0; row < rows; row++)
        {
            if (dtype == DType.F32)
                whole.RowF32(row).Fill(Guard);
            else
                whole.RowBF16(row).Fill(0x7777);
        }

        if (strided)
            return whole.Columns(1, columns);

        var dense = pool.Rent(dtype, rows, columns).View;
        dense.Bytes().Fill(0x55);
        return dense;
    }

    /// <summary>All elements, row by row.</summary>
    public static byte[] Bytes(TensorView view) =>
        [.. Enumerable.Range(0, view.Rows).SelectMany(row => view.Slice(row, 1).Bytes().ToArray())];
}
