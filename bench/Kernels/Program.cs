using System.Globalization;
using AkkaCp.Bench.Kernels;
using AkkaCp.Npu;
using AkkaCp.Npu.Cpu;

// Prints the products of a layer beside the limits of the machine, both measured in this process.
// Usage: --limits [threads] [runs]
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var threads = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 1;
var runs = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 10;
if (args is not ["--limits", ..])
{
    Console.Error.WriteLine("usage: --limits [threads] [runs]");
    return 2;
}

Func<double> clock = threads == 1 ? () => CpuClock.Seconds : () => CpuClock.WallSeconds;
var fma = MachineLimits.FmaGflops(runs);
var read = MachineLimits.ReadGBps(runs);
Console.WriteLine($"SDK runtime {Environment.Version}, {CpuDevice.InstructionSet}, {threads} thread(s), best of {runs}, "
    + (threads == 1 ? "CPU time of the calling thread" : "wall time"));
Console.WriteLine($"one core: FMA F32 {fma:F1} GFLOP/s, read {read:F1} GB/s");
Console.WriteLine();
Console.WriteLine("| T | N | K | weights | GFLOP/s | share of FMA limit | weights GB/s | share of read limit |");
Console.WriteLine("|---|---|---|---|---|---|---|---|");
using var device = new CpuDevice(new CpuDeviceOptions { Threads = threads });
foreach (var (t, n, k, copies) in new[] { (2048, 2048, 2048, 1), (512, 768, 2048, 1), (32, 2048, 768, 40), (4, 2048, 2048, 16), (1, 2048, 2048, 16) })
{
    foreach (var dtype in new[] { DType.F32, DType.BF16 })
    {
        using var bench = new ProductBench(device, t, n, k, dtype, copies);
        var seconds = bench.BestSeconds(runs, clock);
        var gflops = 2.0 * t * n * k / seconds / 1e9;
        var gbps = bench.WeightBytes / seconds / 1e9;
        Console.WriteLine($"| {t} | {n} | {k} | {dtype} | {gflops:F1} | {gflops / (fma * threads):P0} | {gbps:F1} | {gbps / (read * threads):P0} |");
    }
}

return 0;
