using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace AkkaCp.Npu.Cpu.Attention;

/// <summary>
/// The copies of <see cref="FiaPack{TElement}"/> in vectors of 16: squares of 16 keys × 16 dimensions, turned in registers with 64
/// shuffles. A decode row is bound by this and by memory: four at a time, with a shuffle per two numbers, takes ten times as long.
/// </summary>
internal static unsafe class FiaTranspose<TElement>
    where TElement : struct, IKvElement
{
    private const int Columns = 32;

    /// <summary>target[i · 32 + k] = rows[k][offset + i] for 16 keys and d dimensions, d a multiple of 16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Keys16(byte** rows, nint offset, int d, float* target)
    {
        for (var i = 0; i < d; i += 16, target += 16 * Columns)
        {
            var at = offset + (i * TElement.Bytes);
            Four(rows, at, out var a0, out var a1, out var a2, out var a3);
            Four(rows + 4, at, out var b0, out var b1, out var b2, out var b3);
            Four(rows + 8, at, out var c0, out var c1, out var c2, out var c3);
            Four(rows + 12, at, out var d0, out var d1, out var d2, out var d3);
            Spread(a0, b0, c0, d0, target);
            Spread(a1, b1, c1, d1, target + Columns);
            Spread(a2, b2, c2, d2, target + (2 * Columns));
            Spread(a3, b3, c3, d3, target + (3 * Columns));
        }
    }

    /// <summary>Values rows[0..count) + offset of d dimensions, d a multiple of 32, into [d / 32][blockRows][32];
    /// true when all are finite.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool Values32(byte** rows, nint offset, int count, int d, int blockRows, float* panels)
    {
        var (first, second) = (Vector512<float>.Zero, Vector512<float>.Zero);
        var step = (nint)blockRows * Columns;
        for (var k = 0; k < count; k++)
        {
            var target = panels + (k * Columns);
            var row = rows[k] + offset;
            for (var i = 0; i < d; i += Columns, target += step, row += Columns * TElement.Bytes)
            {
                var (low, high) = (TElement.Load16(row), TElement.Load16(row + (16 * TElement.Bytes)));
                first += low - low;
                second += high - high;
                low.Store(target);
                high.Store(target + 16);
            }
        }

        // Only of an infinity or a NaN is the difference to itself not 0.
        return first + second == Vector512<float>.Zero;
    }

    // Four keys: lane group g of part j holds dimension 4g + j of each.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Four(
        byte** rows, nint at, out Vector512<float> part0, out Vector512<float> part1, out Vector512<float> part2,
        out Vector512<float> part3)
    {
        var (a, b) = (TElement.Load16(rows[0] + at), TElement.Load16(rows[1] + at));
        var (c, d) = (TElement.Load16(rows[2] + at), TElement.Load16(rows[3] + at));
        var (ab, cd) = (Avx512F.UnpackLow(a, b).AsDouble(), Avx512F.UnpackLow(c, d).AsDouble());
        part0 = Avx512F.UnpackLow(ab, cd).AsSingle();
        part1 = Avx512F.UnpackHigh(ab, cd).AsSingle();
        (ab, cd) = (Avx512F.UnpackHigh(a, b).AsDouble(), Avx512F.UnpackHigh(c, d).AsDouble());
        part2 = Avx512F.UnpackLow(ab, cd).AsSingle();
        part3 = Avx512F.UnpackHigh(ab, cd).AsSingle();
    }

    // Part j of 16 keys, four from each argument: lane group g of all four is row 4g + j of the result.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Spread(Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d, float* target)
    {
        var (ab, cd) = (Avx512F.Shuffle4x128(a, b, 0x44), Avx512F.Shuffle4x128(c, d, 0x44));
        Avx512F.Shuffle4x128(ab, cd, 0x88).Store(target);
        Avx512F.Shuffle4x128(ab, cd, 0xDD).Store(target + (4 * Columns));
        (ab, cd) = (Avx512F.Shuffle4x128(a, b, 0xEE), Avx512F.Shuffle4x128(c, d, 0xEE));
        Avx512F.Shuffle4x128(ab, cd, 0x88).Store(target + (8 * Columns));
        Avx512F.Shuffle4x128(ab, cd, 0xDD).Store(target + (12 * Columns));
    }
}
