using System.Text.Json.Nodes;

namespace AkkaCp.Bench.Report;

/// <summary>What BenchmarkDotNet's export says of a hop between Dataflow blocks.</summary>
internal static class MicroHop
{
    /// <summary>Prints time and managed bytes of one hop as one JSON object.</summary>
    /// <param name="file">A brief JSON export that has the benchmark <c>Hop</c>.</param>
    public static int Print(string file)
    {
        var benchmarks = JsonNode.Parse(File.ReadAllText(file))!["Benchmarks"]!.AsArray();
        var hop = benchmarks.Single(benchmark => benchmark!["Method"]!.ToString() == "Hop")!;
        Console.WriteLine(new JsonObject
        {
            ["ns_per_hop"] = Math.Round(hop["Statistics"]!["Mean"]!.GetValue<double>(), 1),
            ["bytes_per_hop"] = hop["Memory"]!["BytesAllocatedPerOperation"]!.GetValue<long>(),
        }.ToJsonString());
        return 0;
    }
}
