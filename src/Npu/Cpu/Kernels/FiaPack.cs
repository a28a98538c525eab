using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace AkkaCp.Npu.Cpu.Kernels;

/// <summary>
/// Copies a block's keys and values from wherever they lie into panels of 32 columns: keys transposed (32 keys side by side for
/// each d), values as they are (32 dimensions side by side for each key). Only slots below the given count are read.
/// </summary>
internal static unsafe class FiaPack<TElement>
    where TElement : struct, IKvElement
{
    private const int Columns = 32;

    /// <summary>Keys rows[0..count) of D elements into [⌈count / 32⌉][D][32]; columns behind count hold numbers nobody uses.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Keys(byte** rows, int count, int d, float* panels)
    {
        for (var k = 0; k < count; k += 4)
        {
            var target = panels + ((nint)(k / Columns) * Columns * d) + (k % Columns);
            var r0 = rows[k];
            var r1 = rows[Math.Min(k + 1, count - 1)];
            var r2 = rows[Math.Min(k + 2, count - 1)];
            var r3 = rows[Math.Min(k + 3, count - 1)];
            for (var i = 0; i < d; i += 4, target += 4 * Columns)
            {
                var at = i * TElement.Bytes;
                Transpose(TElement.Load(r0 + at), TElement.Load(r1 + at), TElement.Load(r2 + at), TElement.Load(r3 + at), target);
            }
        }

        ClearColumns(panels, (count + 3) / 4 * 4, d);
    }

    /// <summary>
    /// Values rows[0..count) of D elements into [⌈D / 32⌉][blockRows][32]; columns behind D become 0. True when all are finite:
    /// only then may a hidden value be multiplied by a weight of 0 instead of being skipped.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool Values(byte** rows, int count, int d, int blockRows, float* panels)
    {
        var difference = Vector128<float>.Zero;
        for (var k = 0; k < count; k++)
        {
            var target = panels + (k * Columns);
            for (var first = 0; first < d; first += Columns, target += blockRows * Columns)
            {
                var row = rows[k] + (first * TElement.Bytes);
                var columns = Math.Min(Columns, d - first);
                for (var i = 0; i < columns; i += 4)
                {
                    var value = TElement.Load(row + (i * TElement.Bytes));
                    difference += value - value;
                    value.Store(target + i);
                }

                new Span<float>(target + columns, Columns - columns).Clear();
            }
        }

        return difference == Vector128<float>.Zero;
    }

    // a..d are four keys; column j of the result is d0+j of each.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(Vector128<float> a, Vector128<float> b, Vector128<float> c, Vector128<float> d, float* target)
    {
        var ab = Interleave(a, b);
        var cd = Interleave(c, d);
        Vector128.Create(ab.Low.AsDouble().GetElement(0), cd.Low.AsDouble().GetElement(0)).AsSingle().Store(target);
        Vector128.Create(ab.Low.AsDouble().GetElement(1), cd.Low.AsDouble().GetElement(1)).AsSingle().Store(target + Columns);
        Vector128.Create(ab.High.AsDouble().GetElement(0), cd.High.AsDouble().GetElement(0)).AsSingle().Store(target + (2 * Columns));
        Vector128.Create(ab.High.AsDouble().GetElement(1), cd.High.AsDouble().GetElement(1)).AsSingle().Store(target + (3 * Columns));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector128<float> Low, Vector128<float> High) Interleave(Vector128<float> a, Vector128<float> b)
    {
        if (System.Runtime.Intrinsics.X86.Sse.IsSupported)
        {
            return (System.Runtime.Intrinsics.X86.Sse.UnpackLow(a, b), System.Runtime.Intrinsics.X86.Sse.UnpackHigh(a, b));
        }

        return (Vector128.Create(a[0], b[0], a[1], b[1]), Vector128.Create(a[2], b[2], a[3], b[3]));
    }

    private static void ClearColumns(float* panels, int first, int d)
    {
        var columns = (Columns - (first % Columns)) % Columns;
        if (columns == 0)
        {
            return;
        }

        var panel = panels + ((nint)(first / Columns) * Columns * d) + (first % Columns);
        for (var i = 0; i < d; i++)
        {
            new Span<float>(panel + (i * Columns), columns).Clear();
        }
    }
}
