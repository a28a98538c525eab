using System.Globalization;
using AkkaCp.Bench.Peers;
using AkkaCp.Bench.Peers.Llama;
using AkkaCp.Cli.Bench;
using AkkaCp.Model;
using AkkaCp.Npu;
using AkkaCp.Npu.Cpu;

// Compares our engine with llama.cpp on the same weights, in turns, in one run. bench/peers.sh fetches llama.cpp's libraries and says how.
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var isSharp = Option("--peer") == "llamasharp";
if (Option("--model") is not { } directory || (Option("--libs") is null && !isSharp))
{
    Console.Error.WriteLine("usage: --model DIR|FILE.gguf --libs DIR | --peer llamasharp [--gguf-type BF16|F32|Q8_0|Q4_K_M|…] "
        + "[--gguf FILE] [--threads N] "
        + "[--prompt-tokens N,N] [--depth N,N] [--steps N] [--rounds N] [--json] [--write-only]");
    return 2;
}

var type = Option("--gguf-type") ?? "BF16";
var gguf = Option("--gguf") ?? (File.Exists(directory) ? directory : Path.Combine(directory, $"peer-{type}.gguf"));
var threads = Number("--threads", Environment.ProcessorCount);
var lengths = Numbers("--prompt-tokens", "512,2048,4096");
var depths = Numbers("--depth", "512");
var (steps, rounds) = (Number("--steps", 32), Number("--rounds", 3));
if (!File.Exists(gguf))
    ModelFiles.WriteGguf(directory, gguf, type);
if (args.Contains("--write-only"))
    return 0;

var model = new BenchModel(
    directory, File.Exists(directory) ? null : type switch { "F32" => DType.F32, "Q8_0" => DType.I8, _ => DType.BF16 });
var context = lengths.Concat(depths.Select(depth => depth + ((rounds + 1) * steps))).Append(0).Max() + 1;
await using var own = await OwnEngine.LoadAsync(model, threads, context).ConfigureAwait(false);
using var peer = Peer();
var comparison = new Comparison(model, own, peer, rounds, Console.Error.WriteLine);
var results = new List<ComparisonResult>();
foreach (var length in lengths)
    results.Add(await comparison.PrefillAsync(length).ConfigureAwait(false));
foreach (var depth in depths)
    results.Add(await comparison.DecodeAsync(depth, steps).ConfigureAwait(false));
var report = new ComparisonReport
{
    Model = Path.GetFileName(Path.TrimEndingDirectorySeparator(directory)),
    OursDtype = model.DTypeName,
    OursKernels = CpuDevice.DefaultKernels.Name,
    TheirsDtype = type,
    PeerName = peer.Name,
    TheirsInfo = peer.Info,
    Threads = threads,
    Rounds = rounds,
    LimitGflops = MachineLimits.ProductGflops(model.LimitDType, 20),
    Results = results,
};
if (args.Contains("--json"))
    report.WriteJson(Console.Out);
else
    report.WriteTable(Console.Out);
return 0;

string? Option(string name) => Array.IndexOf(args, name) is var at and >= 0 && at + 1 < args.Length ? args[at + 1] : null;

int Number(string name, int otherwise) => Option(name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

int[] Numbers(string name, string otherwise) =>
    [.. (Option(name) ?? otherwise).Split(',', StringSplitOptions.RemoveEmptyEntries).Where(text => text != "0")
        .Select(text => int.Parse(text, CultureInfo.InvariantCulture))];

IPeer Peer()
{
    if (isSharp)
        return new SharpPeer(gguf, threads, context);

    LlamaNative.Load(Option("--libs")!);
    return new LlamaPeer(gguf, threads, context, model.Config.VocabSize);
}
