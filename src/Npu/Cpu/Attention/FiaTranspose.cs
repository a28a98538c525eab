using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using AkkaCp.Npu.Cpu.Simd;

namespace AkkaCp.Npu.Cpu.Attention;

/// <summary>
/// The copies of <see cref="FiaPack{TElement}"/> in vectors of 16: squares of 16 keys × 16 dimensions, turned in registers with 64
/// shuffles; and in vectors of 8. A decode row is bound by this and by memory: four at a time, with a shuffle per two numbers, takes ten
/// times as long.
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

    /// <summary>As <see cref="Keys16"/> for 8 keys in vectors of 8, d a multiple of 4.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Keys8(byte** rows, nint offset, int d, float* target)
    {
        var (r0, r1, r2, r3) = ((nint)rows[0], (nint)rows[1], (nint)rows[2], (nint)rows[3]);
        var (r4, r5, r6, r7) = ((nint)rows[4], (nint)rows[5], (nint)rows[6], (nint)rows[7]);
        var end = offset + (d * TElement.Bytes);
        for (var at = offset; at < end; at += 4 * TElement.Bytes, target += 4 * Columns)
        {
            // Dimensions at to at + 3 of two keys in each.
            var (a, b) = (Pair(r0 + at, r4 + at), Pair(r1 + at, r5 + at));
            var (c, e) = (Pair(r2 + at, r6 + at), Pair(r3 + at, r7 + at));
            var (ab, ce) = (Avx.UnpackLow(a, b).AsDouble(), Avx.UnpackLow(c, e).AsDouble());
            Avx.UnpackLow(ab, ce).AsSingle().Store(target);
            Avx.UnpackHigh(ab, ce).AsSingle().Store(target + Columns);
            (ab, ce) = (Avx.UnpackHigh(a, b).AsDouble(), Avx.UnpackHigh(c, e).AsDouble());
            Avx.UnpackLow(ab, ce).AsSingle().Store(target + (2 * Columns));
            Avx.UnpackHigh(ab, ce).AsSingle().Store(target + (3 * Columns));
        }
    }

    /// <summary>As <see cref="Values32"/> in vectors of 8.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool Values32Narrow(byte** rows, nint offset, int count, int d, int blockRows, float* panels)
    {
        var (first, second) = (Vector256<float>.Zero, Vector256<float>.Zero);
        var step = (nint)blockRows * Columns;
        for (var k = 0; k < count; k++)
        {
            var target = panels + (k * Columns);
            var row = rows[k] + offset;
            for (var i = 0; i < d; i += Columns, target += step, row += Columns * TElement.Bytes)
            {
                var (a, b) = (Load8(row), Load8(row + (8 * TElement.Bytes)));
                a.Store(target);
                b.Store(target + 8);
                first += a - a;
                second += b - b;
                (a, b) = (Load8(row + (16 * TElement.Bytes)), Load8(row + (24 * TElement.Bytes)));
                a.Store(target + 16);
                b.Store(target + 24);
                first += a - a;
                second += b - b;
            }
        }

        return first + second == Vector256<float>.Zero;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Load8(byte* source) => TElement.Load<Simd256, Vector256<float>>(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Pair(nint low, nint high) => Vector256.Create(TElement.Load((byte*)low), TElement.Load((byte*)high));

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
