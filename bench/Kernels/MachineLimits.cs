using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace AkkaCp.Bench.Kernels;

/// <summary>What one core of this machine can do at most, measured here and now.</summary>
internal static unsafe class MachineLimits
{
    /// <summary>GFLOP/s of independent F32 fused multiply-adds in registers: 12 chains of the widest vector, best of several runs.</summary>
    public static double FmaGflops(int repeats)
    {
        const int Loops = 4_000_000;
        var best = 0.0;
        for (var repeat = 0; repeat < repeats; repeat++)
        {
            var start = CpuClock.Seconds;
            var flops = Vector512.IsHardwareAccelerated ? Chains512(Loops) : Chains256(Loops);
            best = Math.Max(best, flops / (CpuClock.Seconds - start) / 1e9);
        }

        return best;
    }

    /// <summary>GB/s of reading 256 MiB from memory with one core in four streams (more than one reads), best of several runs.</summary>
    public static double ReadGBps(int repeats)
    {
        // Native memory as the weights' own: the system may back it with larger pages than the collector's heap.
        const int Count = 64 << 20;
        var data = (float*)NativeMemory.AlignedAlloc(Count * sizeof(float), 64);
        new Span<float>(data, Count).Fill(1f);
        var best = 0.0;
        for (var repeat = 0; repeat < repeats; repeat++)
        {
            var start = CpuClock.Seconds;
            s_sink = SumFourStreams(data, Count);
            best = Math.Max(best, Count * 4.0 / (CpuClock.Seconds - start) / 1e9);
        }

        NativeMemory.AlignedFree(data);
        return best;
    }

    // Results go here so that the loops are not removed.
    private static float s_sink;

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static double Chains512(int loops)
    {
        var f = Vector512.Create(0.999f);
        var (a, b, c, d) = (f, f, f, f);
        var (e, g, h, i) = (f, f, f, f);
        var (j, k, l, m) = (f, f, f, f);
        for (var n = 0; n < loops; n++)
        {
            a = Vector512.FusedMultiplyAdd(a, f, f);
            b = Vector512.FusedMultiplyAdd(b, f, f);
            c = Vector512.FusedMultiplyAdd(c, f, f);
            d = Vector512.FusedMultiplyAdd(d, f, f);
            e = Vector512.FusedMultiplyAdd(e, f, f);
            g = Vector512.FusedMultiplyAdd(g, f, f);
            h = Vector512.FusedMultiplyAdd(h, f, f);
            i = Vector512.FusedMultiplyAdd(i, f, f);
            j = Vector512.FusedMultiplyAdd(j, f, f);
            k = Vector512.FusedMultiplyAdd(k, f, f);
            l = Vector512.FusedMultiplyAdd(l, f, f);
            m = Vector512.FusedMultiplyAdd(m, f, f);
        }

        s_sink = Vector512.Sum(a + b + c + d + e + g + h + i + j + k + l + m);
        return loops * 12.0 * 16 * 2;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static double Chains256(int loops)
    {
        var f = Vector256.Create(0.999f);
        var (a, b, c, d) = (f, f, f, f);
        var (e, g, h, i) = (f, f, f, f);
        var (j, k, l, m) = (f, f, f, f);
        for (var n = 0; n < loops; n++)
        {
            a = Vector256.FusedMultiplyAdd(a, f, f);
            b = Vector256.FusedMultiplyAdd(b, f, f);
            c = Vector256.FusedMultiplyAdd(c, f, f);
            d = Vector256.FusedMultiplyAdd(d, f, f);
            e = Vector256.FusedMultiplyAdd(e, f, f);
            g = Vector256.FusedMultiplyAdd(g, f, f);
            h = Vector256.FusedMultiplyAdd(h, f, f);
            i = Vector256.FusedMultiplyAdd(i, f, f);
            j = Vector256.FusedMultiplyAdd(j, f, f);
            k = Vector256.FusedMultiplyAdd(k, f, f);
            l = Vector256.FusedMultiplyAdd(l, f, f);
            m = Vector256.FusedMultiplyAdd(m, f, f);
        }

        s_sink = Vector256.Sum(a + b + c + d + e + g + h + i + j + k + l + m);
        return loops * 12.0 * 8 * 2;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static float SumFourStreams(float* data, int count)
    {
        var quarter = count / 4;
        var (a, b, c, d) = (Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero);
        for (var i = 0; i < quarter; i += Vector512<float>.Count)
        {
            a += Vector512.Load(data + i);
            b += Vector512.Load(data + quarter + i);
            c += Vector512.Load(data + (2 * quarter) + i);
            d += Vector512.Load(data + (3 * quarter) + i);
        }

        return Vector512.Sum(a + b + c + d);
    }
}
