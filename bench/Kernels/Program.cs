using System.Globalization;
using AkkaCp.Bench.Kernels;
using AkkaCp.Npu;
using AkkaCp.Npu.Cpu;

// Prints the products, the attention and the routing of a layer beside the limits of the machine, both measured in this process.
// AKKACP_KERNELS chooses the products' kernels. Usage: --limits | --products | --attention | --routing [threads] [runs]
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var threads = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 1;
var runs = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 10;
if (args is not ["--limits" or "--products" or "--attention" or "--routing", ..])
{
    Console.Error.WriteLine("usage: --limits | --products | --attention | --routing [threads] [runs]");
    return 2;
}

Func<double> clock = threads == 1 ? () => CpuClock.Seconds : () => CpuClock.WallSeconds;
var fma = MachineLimits.FmaGflops(runs);
var bf16 = MachineLimits.ProductGflops(DType.BF16, runs);
var i8 = MachineLimits.ProductGflops(DType.I8, runs);
var read = MachineLimits.ReadGBps(runs);
using var device = new CpuDevice(new CpuDeviceOptions { Threads = threads });
Console.WriteLine($"SDK runtime {Environment.Version}, {device.KernelChoice.Name} ({device.KernelChoice.Reason}), {threads} thread(s), best of {runs}, "
    + (threads == 1 ? "CPU time of the calling thread" : "wall time"));
Console.WriteLine($"one core: FMA F32 {fma:F1} GFLOP/s, BF16 products {bf16:F1} GFLOP/s, I8 products {i8:F1} GOP/s, read {read:F1} GB/s");
if (args[0] is "--limits" or "--products")
{
    PrintProducts();
}

if (args[0] is "--limits" or "--attention")
{
    PrintAttention();
}

if (args[0] is "--limits" or "--routing")
{
    PrintRouting();
}

return 0;

void PrintProducts()
{
    Console.WriteLine();
    Console.WriteLine("| T | N | K | weights | GFLOP/s | share of the limit | weights GB/s | share of read limit |");
    Console.WriteLine("|---|---|---|---|---|---|---|---|");
    (int T, int N, int K, int Copies)[] shapes =
    [
        (2048, 2048, 2048, 1), (512, 768, 2048, 1), (32, 2048, 768, 40), (32, 1536, 2048, 20), (14, 2048, 768, 40), (8, 2048, 768, 40),
        (4, 2048, 2048, 16), (1, 2048, 2048, 16),
    ];
    foreach (var (t, n, k, copies) in shapes)
    {
        foreach (var dtype in new[] { DType.F32, DType.BF16, DType.I8 })
        {
            // Bytes take half of BF16's room: twice the copies keep them out of the caches too.
            using var bench = new ProductBench(device, t, n, k, dtype, dtype == DType.I8 ? 2 * copies : copies);
            var seconds = bench.BestSeconds(runs, clock);
            var gflops = 2.0 * t * n * k / seconds / 1e9;
            var gbps = bench.WeightBytes / seconds / 1e9;
            var limit = (dtype switch { DType.BF16 => bf16, DType.I8 => i8, _ => fma }) * threads;
            Console.WriteLine($"| {t} | {n} | {k} | {dtype} | {gflops:F1} | {gflops / limit:P0} | {gbps:F1} | {gbps / (read * threads):P0} |");
        }
    }
}

void PrintAttention()
{
    Console.WriteLine();
    Console.WriteLine("| attention rows | prefix | cache | ms | GFLOP/s | share of FMA limit | cache GB/s | share of read limit |");
    Console.WriteLine("|---|---|---|---|---|---|---|---|");
    foreach (var (rows, prefix) in new[] { (2048, 0), (4096, 0), (512, 0), (512, 3584), (1, 4095), (1, 16383) })
    {
        foreach (var dtype in new[] { DType.F32, DType.BF16 })
        {
            using var bench = new AttentionBench(device, rows, prefix, dtype);
            var seconds = bench.BestSeconds(runs, clock);
            var gflops = bench.Flops / seconds / 1e9;
            var gbps = bench.CacheBytes / seconds / 1e9;
            Console.WriteLine($"| {rows} | {prefix} | {dtype} | {seconds * 1e3:F2} | {gflops:F1} | {gflops / (fma * threads):P0} | {gbps:F1} | {gbps / (read * threads):P0} |");
        }
    }
}

void PrintRouting()
{
    Console.WriteLine();
    Console.WriteLine("| tokens routed | gating µs | init routing µs | GB/s | finalize routing µs | GB/s |");
    Console.WriteLine("|---|---|---|---|---|---|");
    foreach (var t in new[] { 1, 512 })
    {
        using var bench = new RoutingBench(device, t);
        var (gating, init, combine) = bench.BestSeconds(runs * 10, clock);
        Console.WriteLine($"| {t} | {gating * 1e6:F1} | {init * 1e6:F1} | {bench.MovedBytes / init / 1e9:F1} | {combine * 1e6:F1} | {bench.MovedBytes / combine / 1e9:F1} |");
    }
}
