using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AkkaCp.Bench.Report;

/// <summary>Runs a measurement that prints one JSON object, and files it with what a reader must know of the
/// machine and the moment.</summary>
internal static class Recording
{
    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true };

    /// <summary>Runs the command; its standard error goes through, its standard output into <c>FOLDER/json/NAME.json</c>.</summary>
    /// <returns>The command's exit code; 1 when it prints no JSON.</returns>
    public static async Task<int> RunAsync(string folder, string name, string[] command)
    {
        var (before, start) = (Load(), Stopwatch.GetTimestamp());
        var (code, text) = await Command.RunAsync(command).ConfigureAwait(false);
        if (code != 0)
            return code;
        JsonNode? result;
        try
        {
            result = JsonNode.Parse(text);
        }
        catch (JsonException error)
        {
            Console.Error.WriteLine($"{name}: expected JSON from {command[0]}, found {error.Message}");
            return 1;
        }

        var record = new JsonObject
        {
            ["name"] = name,
            ["command"] = string.Join(' ', command.Select(Path.GetFileName)),
            ["date"] = DateTime.UtcNow.ToString("yyyy-MM-dd HH:mm", System.Globalization.CultureInfo.InvariantCulture),
            ["commit"] = await OutputOfAsync("git", "rev-parse", "--short", "HEAD").ConfigureAwait(false),
            ["sdk"] = await OutputOfAsync("dotnet", "--version").ConfigureAwait(false),
            ["processor"] = Processor(),
            ["cores"] = Environment.ProcessorCount,
            ["load_before"] = before,
            ["load_behind"] = Load(),
            ["seconds"] = Math.Round(Stopwatch.GetElapsedTime(start).TotalSeconds, 1),
            ["result"] = result,
        };
        Directory.CreateDirectory(Path.Combine(folder, "json"));
        await File.WriteAllTextAsync(Path.Combine(folder, "json", $"{name}.json"), record.ToJsonString(s_indented) + "\n")
            .ConfigureAwait(false);
        return 0;
    }

    private static async Task<string> OutputOfAsync(params string[] command) =>
        (await Command.RunAsync(command).ConfigureAwait(false)).Output.Trim();

    // The mean number of runnable processes over a minute: others make every figure worse.
    private static string Load() => File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : "";

    private static string Processor()
    {
        const string Key = "model name";
        return File.Exists("/proc/cpuinfo")
            ? File.ReadLines("/proc/cpuinfo").First(line => line.StartsWith(Key, StringComparison.Ordinal)).Split(':')[1].Trim()
            : System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture.ToString();
    }
}
