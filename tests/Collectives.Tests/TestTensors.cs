using AkkaCp.Npu;
using AkkaCp.Testing;

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
            using var host = view.Slice(row, 1).MapWrite();
            if (dtype == DType.F32)
            {
                foreach (ref var value in host.F32)
                    value = (random.NextSingle() - 0.5f) * MathF.Pow(10, random.Next(-3, 8));
            }
            else
            {
                random.NextBytes(host.Bytes);
            }
        }

        return view;
    }

    /// <summary>[rows, columns] of guard values; with gaps when strided.</summary>
    public static TensorView Empty(TensorPool pool, DType dtype, int rows, int columns, bool strided)
    {
        var whole = pool.Rent(dtype, rows, columns + 3).View;
        if (dtype == DType.F32)
            whole.Fill(Guard);
        else
            whole.FillBytes(0x77);

        if (strided)
            return whole.Columns(1, columns);

        var dense = pool.Rent(dtype, rows, columns).View;
        dense.FillBytes(0x55);
        return dense;
    }
}
