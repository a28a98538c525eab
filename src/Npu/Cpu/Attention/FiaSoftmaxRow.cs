using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using AkkaCp.Npu.Cpu.Simd;

namespace AkkaCp.Npu.Cpu.Attention;

/// <summary>The part of <see cref="FiaSoftmax{TSimd, TVector}"/> that takes the time, in vectors of 8, a panel of 32 scores at
/// once.</summary>
internal static unsafe class FiaSoftmaxRow
{
    private const int Columns = Fia.PanelColumns;

    /// <summary>The largest score of panels [firstPanel, endPanel).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Largest(float* scores, int firstPanel, int endPanel)
    {
        var (first, second) = (Vector256.Create(float.NegativeInfinity), Vector256.Create(float.NegativeInfinity));
        for (var panel = scores + (firstPanel * Columns); panel < scores + (endPanel * Columns); panel += Columns)
        {
            var low = Vector256.MaxNative(Vector256.Load(panel), Vector256.Load(panel + 8));
            var high = Vector256.MaxNative(Vector256.Load(panel + 16), Vector256.Load(panel + 24));
            (first, second) = (Vector256.MaxNative(first, low), Vector256.MaxNative(second, high));
        }

        return Simd256.MaxAcross(Vector256.MaxNative(first, second));
    }

    /// <summary>scores = exp(scores - max), lanes = lanes · decay + scores, for panels [firstPanel, endPanel) of one row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Weigh(float* scores, int firstPanel, int endPanel, float max, float decay, float* lanes)
    {
        // Nothing seen yet: any finite number gives hidden keys a weight of 0, and lets a NaN through.
        var maximum = Vector256.Create(max == float.NegativeInfinity ? 0f : max);
        var first = Vector256.Load(lanes) * decay;
        var second = Vector256.Load(lanes + 8) * decay;
        for (var panel = scores + (firstPanel * Columns); panel < scores + (endPanel * Columns); panel += Columns)
        {
            var (a, b) = (Vector256.Load(panel) - maximum, Vector256.Load(panel + 8) - maximum);
            var (c, d) = (Vector256.Load(panel + 16) - maximum, Vector256.Load(panel + 24) - maximum);
            VectorMath.Exp(ref a, ref b, ref c, ref d);
            a.Store(panel);
            b.Store(panel + 8);
            c.Store(panel + 16);
            d.Store(panel + 24);
            first = first + a + c;
            second = second + b + d;
        }

        first.Store(lanes);
        second.Store(lanes + 8);
    }
}
