using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using AkkaCp.Npu.Cpu.Assembled;
using AkkaCp.Npu.Cpu.Products.Kernels;
using AkkaCp.Npu.Cpu.Threads;

namespace AkkaCp.Npu.Cpu;

/// <summary>
/// What this machine can do at most, measured here and now, so that a benchmark can give its figures as shares. Each figure is the best
/// of several short runs by wall time: what else the machine does makes a run slower, never faster.
/// </summary>
public static unsafe class MachineLimits
{
    private const int RunsPerRepeat = 8;

    /// <summary>
    /// GFLOP/s of one core with the instruction that multiplies weights of a type: F32 fused multiply-add, for BF16 too where the
    /// kernels widen it to F32; vdpbf16ps or tdpbf16ps where they take BF16 pairs; for I8 in GOP/s vpdpbusd or tdpbusd where it is used,
    /// the three instructions of AVX2 where there is no such thing, elsewhere the F32 figure as a yardstick.
    /// </summary>
    /// <param name="dtype">Type of the weights.</param>
    /// <param name="repeats">Runs, at least 1.</param>
    /// <param name="kernels">The kernels that multiply; null = <see cref="CpuDevice.DefaultKernels"/>.</param>
    public static double ProductGflops(DType dtype, int repeats, KernelChoice? kernels = null)
    {
        var name = (kernels ?? CpuDevice.DefaultKernels).Name;
        var runs = RunsPerRepeat * repeats;
        return (dtype, KernelCatalogue.Machine.Available.Single(variant => variant.Name == name)) switch
        {
            (DType.BF16, AmxKernels) => RegisterProducts.TileGops(WordProduct.BF16, runs),
            (DType.I8, AmxKernels) => RegisterProducts.TileGops(WordProduct.I8, runs),
            (DType.BF16, AssembledKernels) => RegisterProducts.DotBF16Gflops(runs),
            (DType.I8, Avx2Kernels { Integers.I8: AssembledI8Kernels { IsDot: true } }) => RegisterProducts.DotI8NarrowGops(runs),
            (DType.I8, Avx2Kernels) => RegisterProducts.PairsI8Gops(runs),
            (DType.I8, { Integers.I8: AssembledI8Kernels }) => RegisterProducts.DotI8Gops(runs),
            _ => FmaGflops(repeats),
        };
    }

    /// <summary>GFLOP/s of one core in independent F32 fused multiply-adds in registers: 12 chains of the widest vector.</summary>
    /// <param name="repeats">Runs, at least 1.</param>
    public static double FmaGflops(int repeats)
    {
        // Under a millisecond: short enough to fall between two time slices of other processes.
        const int Loops = 500_000;
        var best = 0.0;
        for (var repeat = 0; repeat < RunsPerRepeat * repeats; repeat++)
        {
            var start = Stopwatch.GetTimestamp();
            var flops = Vector512.IsHardwareAccelerated ? Chains512(Loops) : Chains256(Loops);
            best = Math.Max(best, flops / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e9);
        }

        return best;
    }

    /// <summary>GB/s of reading 256 MiB from memory with some cores together, each its own part in four streams.</summary>
    /// <param name="repeats">Runs, at least 1.</param>
    /// <param name="threads">Cores that read, at least 1.</param>
    public static double ReadGBps(int repeats, int threads = 1)
    {
        // The same memory as the weights' own, with large pages where the system has them.
        const int Count = 64 << 20;
        var data = (float*)LargePages.Allocate(Count * sizeof(float));
        new Span<float>(data, Count).Fill(1f);
        using var pool = new WorkerPool(threads, "limit");
        var best = 0.0;
        for (var repeat = 0; repeat < repeats; repeat++)
        {
            var start = Stopwatch.GetTimestamp();
            pool.Run(ReadWork.Items, new ReadWork(data, Count / ReadWork.Items));
            best = Math.Max(best, Count * 4.0 / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e9);
        }

        LargePages.Free((nint)data);
        return best;
    }

    /// <summary>Parts of the memory, taken as the workers come to them, so that one that was interrupted holds nobody up.</summary>
    private readonly struct ReadWork(float* data, int count) : IWork
    {
        public const int Items = 64;

        public void Execute(int item, int worker) => s_sink = SumFourStreams(data + ((long)item * count), count);
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
