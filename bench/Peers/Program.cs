using System.Globalization;
using System.Runtime.InteropServices;
using AkkaCp.Bench.Peers;
using AkkaCp.Bench.Peers.Gguf;
using AkkaCp.Bench.Peers.Llama;
using AkkaCp.Npu;
using AkkaCp.Npu.Cpu;
using AkkaCp.Serving.Bench;

// Compares our engine with llama.cpp on the same weights, in turns, in one run. bench/peers.sh fetches llama.cpp's libraries and says how.
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (Option("--model") is not { } directory || Option("--libs") is not { } libraries)
{
    Console.Error.WriteLine("usage: --model DIR --libs DIR [--gguf-type BF16|F32|Q8_0] [--gguf FILE] [--threads N] [--prompt-tokens N,N] "
        + "[--depth N,N] [--steps N] [--rounds N]");
    return 2;
}

var type = Enum.Parse<GgufType>(Option("--gguf-type") ?? nameof(GgufType.BF16));
var gguf = Option("--gguf") ?? Path.Combine(directory, $"peer-{type}.gguf");
var threads = Number("--threads", Environment.ProcessorCount);
var lengths = Numbers("--prompt-tokens", "512,2048,4096");
var depths = Numbers("--depth", "512");
var (steps, rounds) = (Number("--steps", 32), Number("--rounds", 3));
if (!File.Exists(gguf))
    QwenGguf.Write(directory, type, gguf);

using var model = new BenchModel(directory, type == GgufType.F32 ? DType.F32 : DType.BF16);
var context = lengths.Concat(depths.Select(depth => depth + ((rounds + 1) * steps))).Max() + 1;
LlamaNative.Load(libraries);
await using var own = await OwnEngine.LoadAsync(model, threads, context).ConfigureAwait(false);
using var peer = new LlamaPeer(gguf, threads, context, model.Config.VocabSize);
Console.WriteLine($"{Path.GetFileName(Path.TrimEndingDirectorySeparator(directory))}: ours {model.DTypeName} ({CpuDevice.InstructionSet}), "
    + $"llama.cpp {type}; {threads} threads, median of {rounds} turns; one core multiplies at most "
    + $"{MachineLimits.ProductGflops(model.DType, 20):F1} GFLOP/s");
Console.WriteLine($"llama.cpp: {SystemInfo()}");
Console.WriteLine();
Console.WriteLine("| | tokens before or in the prompt | ours tokens/s | llama.cpp tokens/s | ratio | ratio by processor time | same next token "
    + "| each turn, ours/theirs |");
Console.WriteLine("|---|---|---|---|---|---|---|---|");
var comparison = new Comparison(model, own, peer, rounds);
foreach (var length in lengths)
    await comparison.PrefillAsync(length).ConfigureAwait(false);
foreach (var depth in depths)
    await comparison.DecodeAsync(depth, steps).ConfigureAwait(false);
return 0;

string? Option(string name) => Array.IndexOf(args, name) is var at and >= 0 && at + 1 < args.Length ? args[at + 1] : null;

int Number(string name, int otherwise) => Option(name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

int[] Numbers(string name, string otherwise) =>
    [.. (Option(name) ?? otherwise).Split(',', StringSplitOptions.RemoveEmptyEntries).Select(text => int.Parse(text, CultureInfo.InvariantCulture))];

static unsafe string SystemInfo() => Marshal.PtrToStringUTF8((nint)LlamaNative.SystemInfo()) ?? "";
