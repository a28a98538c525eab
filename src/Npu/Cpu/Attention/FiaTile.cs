using System.Runtime.CompilerServices;
using AkkaCp.Npu.Cpu.Simd;

namespace AkkaCp.Npu.Cpu.Attention;

/// <summary>
/// c[r, n] = c[r, n] · decay[r] + Σ_k a[r, k] · panel[k, n]: one fused multiply-add after another with k rising, for every (r, n).
/// Both products of attention are this: scores (a = queries, panel = keys with 32 keys side by side, no start value) and sums of
/// values (a = weights, panel = values with 32 dimensions side by side). 8 rows × 2 vectors fill 16 of 32 registers with sums and
/// hide the latency of the multiply-adds; machines of 16 registers take 4 rows at a time.
/// </summary>
internal static unsafe class FiaTile<TSimd, TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    /// <summary>Columns of a panel.</summary>
    public const int Columns = 32;

    private const int Half = Columns / 2;

    /// <summary>
    /// One panel of count k against up to 8 rows; decay null = c starts at 0 whatever it holds. Strides count floats. Rows behind
    /// the given ones, up to 4 or 8, may be computed too.
    /// </summary>
    public static void Multiply(float* a, nint aStride, int rows, int count, float* panel, float* c, nint cStride, float* decay)
    {
        for (var lane = 0; lane < Half; lane += TSimd.Count)
            Multiply(a, aStride, rows, count, new Packed(panel + lane), c + lane, cStride, decay);
    }

    /// <summary>As Multiply without a start value, asking meanwhile for what comes next, one piece for each of count.</summary>
    public static void MultiplyAhead(
        float* a, nint aStride, int rows, int count, float* panel, float* c, nint cStride, FiaAhead.Pieces next)
    {
        for (var lane = 0; lane < Half; lane += TSimd.Count)
            Multiply(a, aStride, rows, count, new PackedAhead(panel + lane, next), c + lane, cStride, null);
    }

    /// <summary>As MultiplyAhead with a start value, the panel being 32 columns of values[k] from <paramref name="offset"/> on.</summary>
    public static void MultiplyInPlace<TElement>(
        float* a, nint aStride, int rows, int count, byte** values, nint offset, float* c, nint cStride, float* decay, FiaAhead.Pieces next)
        where TElement : struct, IKvElement
    {
        for (var lane = 0; lane < Half; lane += TSimd.Count)
        {
            Multiply(
                a, aStride, rows, count, new InPlace<TElement>(values, offset + (lane * TElement.Bytes), next), c + lane, cStride, decay);
        }
    }

    private static void Multiply<TColumns>(
        float* a, nint aStride, int rows, int count, TColumns columns, float* c, nint cStride, float* decay)
        where TColumns : struct, IColumns
    {
        if (rows <= 4)
        {
            Rows4(a, aStride, count, columns, c, cStride, decay);
        }
        else if (TSimd.Count == 16)
        {
            Rows8(a, aStride, count, columns, c, cStride, decay);
        }
        else
        {
            Rows4(a, aStride, count, columns, c, cStride, decay);
            Rows4(a + (4 * aStride), aStride, count, columns, c + (4 * cStride), cStride, decay is null ? null : decay + 4);
        }
    }

    /// <summary>One row against a panel, skipping keys that <paramref name="hidden"/> marks (when not empty).</summary>
    public static void MultiplyRow(float* a, int first, int end, ReadOnlySpan<byte> hidden, float* panel, float* c, float decay)
    {
        for (var lane = 0; lane < Columns; lane += TSimd.Count)
        {
            var sum = TSimd.Multiply(TSimd.Load(c + lane), TSimd.Create(decay));
            for (var k = first; k < end; k++)
            {
                if (hidden.IsEmpty || hidden[k] == 0)
                    sum = TSimd.MultiplyAdd(TSimd.Create(a[k]), TSimd.Load(panel + (k * Columns) + lane), sum);
            }

            TSimd.Store(sum, c + lane);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows8<TColumns>(float* a, nint aStride, int count, TColumns columns, float* c, nint cStride, float* decay)
        where TColumns : struct, IColumns
    {
        var (s0, t0) = (TSimd.Create(0f), TSimd.Create(0f));
        var (s1, t1) = (TSimd.Create(0f), TSimd.Create(0f));
        var (s2, t2) = (TSimd.Create(0f), TSimd.Create(0f));
        var (s3, t3) = (TSimd.Create(0f), TSimd.Create(0f));
        var (s4, t4) = (TSimd.Create(0f), TSimd.Create(0f));
        var (s5, t5) = (TSimd.Create(0f), TSimd.Create(0f));
        var (s6, t6) = (TSimd.Create(0f), TSimd.Create(0f));
        var (s7, t7) = (TSimd.Create(0f), TSimd.Create(0f));
        if (decay is not null)
        {
            Start(c, decay[0], ref s0, ref t0);
            Start(c + cStride, decay[1], ref s1, ref t1);
            Start(c + (2 * cStride), decay[2], ref s2, ref t2);
            Start(c + (3 * cStride), decay[3], ref s3, ref t3);
            Start(c + (4 * cStride), decay[4], ref s4, ref t4);
            Start(c + (5 * cStride), decay[5], ref s5, ref t5);
            Start(c + (6 * cStride), decay[6], ref s6, ref t6);
            Start(c + (7 * cStride), decay[7], ref s7, ref t7);
        }

        var a0 = a;
        var a1 = a + aStride;
        var a2 = a + (2 * aStride);
        var a3 = a + (3 * aStride);
        var a4 = a + (4 * aStride);
        var a5 = a + (5 * aStride);
        var a6 = a + (6 * aStride);
        var a7 = a + (7 * aStride);
        for (nint k = 0; k < count; k++)
        {
            var first = columns.First(k);
            var second = columns.Second(k);
            var value = TSimd.Create(a0[k]);
            s0 = TSimd.MultiplyAdd(value, first, s0);
            t0 = TSimd.MultiplyAdd(value, second, t0);
            value = TSimd.Create(a1[k]);
            s1 = TSimd.MultiplyAdd(value, first, s1);
            t1 = TSimd.MultiplyAdd(value, second, t1);
            value = TSimd.Create(a2[k]);
            s2 = TSimd.MultiplyAdd(value, first, s2);
            t2 = TSimd.MultiplyAdd(value, second, t2);
            value = TSimd.Create(a3[k]);
            s3 = TSimd.MultiplyAdd(value, first, s3);
            t3 = TSimd.MultiplyAdd(value, second, t3);
            value = TSimd.Create(a4[k]);
            s4 = TSimd.MultiplyAdd(value, first, s4);
            t4 = TSimd.MultiplyAdd(value, second, t4);
            value = TSimd.Create(a5[k]);
            s5 = TSimd.MultiplyAdd(value, first, s5);
            t5 = TSimd.MultiplyAdd(value, second, t5);
            value = TSimd.Create(a6[k]);
            s6 = TSimd.MultiplyAdd(value, first, s6);
            t6 = TSimd.MultiplyAdd(value, second, t6);
            value = TSimd.Create(a7[k]);
            s7 = TSimd.MultiplyAdd(value, first, s7);
            t7 = TSimd.MultiplyAdd(value, second, t7);
        }

        Store(c, s0, t0);
        Store(c + cStride, s1, t1);
        Store(c + (2 * cStride), s2, t2);
        Store(c + (3 * cStride), s3, t3);
        Store(c + (4 * cStride), s4, t4);
        Store(c + (5 * cStride), s5, t5);
        Store(c + (6 * cStride), s6, t6);
        Store(c + (7 * cStride), s7, t7);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows4<TColumns>(float* a, nint aStride, int count, TColumns columns, float* c, nint cStride, float* decay)
        where TColumns : struct, IColumns
    {
        var (s0, t0) = (TSimd.Create(0f), TSimd.Create(0f));
        var (s1, t1) = (TSimd.Create(0f), TSimd.Create(0f));
        var (s2, t2) = (TSimd.Create(0f), TSimd.Create(0f));
        var (s3, t3) = (TSimd.Create(0f), TSimd.Create(0f));
        if (decay is not null)
        {
            Start(c, decay[0], ref s0, ref t0);
            Start(c + cStride, decay[1], ref s1, ref t1);
            Start(c + (2 * cStride), decay[2], ref s2, ref t2);
            Start(c + (3 * cStride), decay[3], ref s3, ref t3);
        }

        var a0 = a;
        var a1 = a + aStride;
        var a2 = a + (2 * aStride);
        var a3 = a + (3 * aStride);
        for (nint k = 0; k < count; k++)
        {
            var first = columns.First(k);
            var second = columns.Second(k);
            var value = TSimd.Create(a0[k]);
            s0 = TSimd.MultiplyAdd(value, first, s0);
            t0 = TSimd.MultiplyAdd(value, second, t0);
            value = TSimd.Create(a1[k]);
            s1 = TSimd.MultiplyAdd(value, first, s1);
            t1 = TSimd.MultiplyAdd(value, second, t1);
            value = TSimd.Create(a2[k]);
            s2 = TSimd.MultiplyAdd(value, first, s2);
            t2 = TSimd.MultiplyAdd(value, second, t2);
            value = TSimd.Create(a3[k]);
            s3 = TSimd.MultiplyAdd(value, first, s3);
            t3 = TSimd.MultiplyAdd(value, second, t3);
        }

        Store(c, s0, t0);
        Store(c + cStride, s1, t1);
        Store(c + (2 * cStride), s2, t2);
        Store(c + (3 * cStride), s3, t3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Start(float* c, float decay, ref TVector first, ref TVector second)
    {
        var factor = TSimd.Create(decay);
        first = TSimd.Multiply(TSimd.Load(c), factor);
        second = TSimd.Multiply(TSimd.Load(c + Half), factor);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* c, TVector first, TVector second)
    {
        TSimd.Store(first, c);
        TSimd.Store(second, c + Half);
    }

    /// <summary>Where row k's columns are: one vector of the panel's first half, one of its second.</summary>
    private interface IColumns
    {
        TVector First(nint k);

        TVector Second(nint k);
    }

    private readonly struct Packed(float* panel) : IColumns
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TVector First(nint k) => TSimd.Load(panel + (k * Columns));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TVector Second(nint k) => TSimd.Load(panel + (k * Columns) + Half);
    }

    private readonly struct PackedAhead(float* panel, FiaAhead.Pieces next) : IColumns
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TVector First(nint k)
        {
            next.Ask(k);
            return TSimd.Load(panel + (k * Columns));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TVector Second(nint k) => TSimd.Load(panel + (k * Columns) + Half);
    }

    private readonly struct InPlace<TElement>(byte** rows, nint offset, FiaAhead.Pieces next) : IColumns
        where TElement : struct, IKvElement
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TVector First(nint k)
        {
            next.Ask(k);
            return TElement.Load<TSimd, TVector>(rows[k] + offset);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TVector Second(nint k) => TElement.Load<TSimd, TVector>(rows[k] + offset + (Half * TElement.Bytes));
    }
}
