using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace AkkaCp.Npu.Cpu.Attention;

/// <summary>
/// Copies a block's keys and values from wherever they lie into panels of 32 columns: keys transposed (32 keys side by side for
/// each d), values as they are (32 dimensions side by side for each key). Only slots below the given count are read.
/// </summary>
internal static unsafe class FiaPack<TElement>
    where TElement : struct, IKvElement
{
    private const int Columns = 32;

    /// <summary>Keys rows[0..count) + offset of D elements into [⌈count / 32⌉][D][32];
    /// columns behind count hold numbers nobody uses.</summary>
    public static void Keys(byte** rows, nint offset, int count, int d, float* panels)
    {
        var (wideKeys, wideD) = Avx512F.IsSupported ? (count / 16 * 16, d / 16 * 16) : (0, 0);
        for (var k = 0; k < wideKeys; k += 16)
            FiaTranspose<TElement>.Keys16(rows + k, offset, wideD, panels + ((nint)(k / Columns) * Columns * d) + (k % Columns));

        if (!Avx512F.IsSupported && Avx.IsSupported)
        {
            (wideKeys, wideD) = (count / 8 * 8, d / 4 * 4);
            for (var k = 0; k < wideKeys; k += 8)
                FiaTranspose<TElement>.Keys8(rows + k, offset, wideD, panels + ((nint)(k / Columns) * Columns * d) + (k % Columns));
        }

        KeysByFour(rows, offset, 0, wideKeys, wideD, d, panels);
        KeysByFour(rows, offset, wideKeys, count, 0, d, panels);
        ClearColumns(panels, (count + 3) / 4 * 4, d);
    }

    /// <summary>
    /// Values rows[0..count) + offset of D elements into [⌈D / 32⌉][blockRows][32]; columns behind D become 0. True when all are finite:
    /// only then may a hidden value be multiplied by a weight of 0 instead of being skipped.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool Values(byte** rows, nint offset, int count, int d, int blockRows, float* panels)
    {
        if (Avx512F.IsSupported && d % Columns == 0)
            return FiaTranspose<TElement>.Values32(rows, offset, count, d, blockRows, panels);

        if (Avx.IsSupported && d % Columns == 0)
            return FiaTranspose<TElement>.Values32Narrow(rows, offset, count, d, blockRows, panels);

        var difference = Vector128<float>.Zero;
        for (var k = 0; k < count; k++)
        {
            var target = panels + (k * Columns);
            for (var first = 0; first < d; first += Columns, target += blockRows * Columns)
            {
                var row = rows[k] + offset + (first * TElement.Bytes);
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

    // Keys [first, end), dimensions [firstD, d).
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void KeysByFour(byte** rows, nint offset, int first, int end, int firstD, int d, float* panels)
    {
        for (var k = first; k < end && firstD < d; k += 4)
        {
            var target = panels + ((((nint)(k / Columns) * d) + firstD) * Columns) + (k % Columns);
            var r0 = rows[k];
            var r1 = rows[Math.Min(k + 1, end - 1)];
            var r2 = rows[Math.Min(k + 2, end - 1)];
            var r3 = rows[Math.Min(k + 3, end - 1)];
            for (var i = firstD; i < d; i += 4, target += 4 * Columns)
            {
                var at = offset + (i * TElement.Bytes);
                Transpose(TElement.Load(r0 + at), TElement.Load(r1 + at), TElement.Load(r2 + at), TElement.Load(r3 + at), target);
            }
        }
    }

    // a..d are four keys; column j of the result is d0+j of each.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(Vector128<float> a, Vector128<float> b, Vector128<float> c, Vector128<float> d, float* target)
    {
        if (Sse.IsSupported)
        {
            var (ab, cd) = (Sse.UnpackLow(a, b), Sse.UnpackLow(c, d));
            Sse.MoveLowToHigh(ab, cd).Store(target);
            Sse.MoveHighToLow(cd, ab).Store(target + Columns);
            (ab, cd) = (Sse.UnpackHigh(a, b), Sse.UnpackHigh(c, d));
            Sse.MoveLowToHigh(ab, cd).Store(target + (2 * Columns));
            Sse.MoveHighToLow(cd, ab).Store(target + (3 * Columns));
            return;
        }

        for (var j = 0; j < 4; j++)
            Vector128.Create(a[j], b[j], c[j], d[j]).Store(target + (j * Columns));
    }

    private static void ClearColumns(float* panels, int first, int d)
    {
        var columns = (Columns - (first % Columns)) % Columns;
        if (columns == 0)
            return;

        var panel = panels + ((nint)(first / Columns) * Columns * d) + (first % Columns);
        for (var i = 0; i < d; i++)
            new Span<float>(panel + (i * Columns), columns).Clear();
    }
}
