using System.Globalization;
using System.Text.Json;
using AkkaCp.Bench.Kernels;

// Prints the products, the attention, the norms and rotations, the routing and the experts of a layer beside the limits of the machine,
// both measured in this process. AKKACP_KERNELS chooses the kernels.
const string Usage = "usage: --limits | --products | --attention | --norm-rope | --routing | --experts [threads] [runs] [--json]";
if (args is not ["--limits" or "--products" or "--attention" or "--norm-rope" or "--routing" or "--experts", ..])
{
    Console.Error.WriteLine(Usage);
    return 2;
}

var threads = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 1;
var runs = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 10;
var all = args[0] == "--limits";
using var measurement = new KernelMeasurement(threads, runs);
var figures = measurement.Run(
    all || args[0] == "--products", all || args[0] == "--attention", all || args[0] == "--norm-rope", all || args[0] == "--routing",
    all || args[0] == "--experts");
if (args is [.., "--json"])
    Console.WriteLine(JsonSerializer.Serialize(figures, s_json));
else
    KernelTables.Write(Console.Out, figures);
return 0;

internal static partial class Program
{
    private static readonly JsonSerializerOptions s_json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
}
