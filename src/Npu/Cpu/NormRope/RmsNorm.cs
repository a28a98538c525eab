using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using AkkaCp.Npu.Cpu.Simd;

namespace AkkaCp.Npu.Cpu.NormRope;

/// <summary>
/// y = x / √(mean(x²) + eps) · gamma over one row of C values. The squares are summed in 32 chains (chain j takes x[j], x[j+32], …),
/// which are then added in halves; so the bits are the same for every vector width.
/// </summary>
internal static unsafe class RmsNorm
{
    private const int Chains = 32;

    /// <summary>y may be x.</summary>
    public static void Row(float* x, float* gamma, int c, float eps, float* y)
    {
        if (Vector512.IsHardwareAccelerated)
            Row<Simd512, Vector512<float>>(x, gamma, c, eps, y);
        else if (Vector256.IsHardwareAccelerated)
            Row<Simd256, Vector256<float>>(x, gamma, c, eps, y);
        else
            Row<Simd128, Vector128<float>>(x, gamma, c, eps, y);
    }

    /// <summary>1 / √(mean(x²) + eps).</summary>
    public static float Scale<TSimd, TVector>(float* x, int c, float eps)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct => 1f / MathF.Sqrt((SumOfSquares<TSimd, TVector>(x, c) / c) + eps);

    private static void Row<TSimd, TVector>(float* x, float* gamma, int c, float eps, float* y)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        var scale = Scale<TSimd, TVector>(x, c, eps);
        var scales = TSimd.Create(scale);
        var i = 0;
        for (; i <= c - TSimd.Count; i += TSimd.Count)
            TSimd.Store(TSimd.Multiply(TSimd.Multiply(TSimd.Load(x + i), scales), TSimd.Load(gamma + i)), y + i);

        for (; i < c; i++)
            y[i] = x[i] * scale * gamma[i];
    }

    private static float SumOfSquares<TSimd, TVector>(float* x, int c)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct =>
        c % Chains == 0 ? AddChains<TSimd, TVector>(x, c, null) : SumWithRest<TSimd, TVector>(x, c);

    // Zeros behind the last values leave their chains' bits as they are.
    private static float SumWithRest<TSimd, TVector>(float* x, int c)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        var rest = stackalloc float[Chains];
        var whole = c / Chains * Chains;
        new Span<float>(rest, Chains).Clear();
        new ReadOnlySpan<float>(x + whole, c - whole).CopyTo(new Span<float>(rest, Chains));
        return AddChains<TSimd, TVector>(x, whole, rest);
    }

    // The chains stay in registers: of a short row, such as one head, adding them is most of the work. Halves that are wider than a
    // vector of 4 to 16 lanes come first, then the vector's own.
    private static float AddChains<TSimd, TVector>(float* x, int whole, float* rest)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        var sum = SumFrom<TSimd, TVector>(x, whole, rest, 0);
        if (TSimd.Count <= 8)
            sum = TSimd.Add(sum, SumFrom<TSimd, TVector>(x, whole, rest, 8));

        if (TSimd.Count <= 4)
        {
            var upper = TSimd.Add(SumFrom<TSimd, TVector>(x, whole, rest, 4), SumFrom<TSimd, TVector>(x, whole, rest, 12));
            sum = TSimd.Add(sum, upper);
        }

        return TSimd.AddAcross(sum);
    }

    // A vector of chains from number chain on, and those 16 further.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector SumFrom<TSimd, TVector>(float* x, int whole, float* rest, int chain)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        var a = TSimd.Create(0f);
        var b = a;
        for (var i = chain; i < whole; i += Chains)
        {
            var (lower, upper) = (TSimd.Load(x + i), TSimd.Load(x + i + (Chains / 2)));
            a = TSimd.MultiplyAdd(lower, lower, a);
            b = TSimd.MultiplyAdd(upper, upper, b);
        }

        if (rest is not null)
        {
            var (lower, upper) = (TSimd.Load(rest + chain), TSimd.Load(rest + chain + (Chains / 2)));
            a = TSimd.MultiplyAdd(lower, lower, a);
            b = TSimd.MultiplyAdd(upper, upper, b);
        }

        return TSimd.Add(a, b);
    }
}
