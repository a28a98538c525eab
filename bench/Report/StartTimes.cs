using System.Diagnostics;
using System.Text.Json.Nodes;

namespace AkkaCp.Bench.Report;

/// <summary>
/// Times from the start of a process to the first character of its answer, for several builds of the same program in turns; the first
/// round fills the file cache and does not count.
/// </summary>
internal static class StartTimes
{
    private static readonly string[] s_arguments =
        ["run", "Tom has 3 apples and buys 4 more. How many apples does Tom have?", "--temperature", "0"];

    /// <summary>Measures and prints one JSON object.</summary>
    /// <param name="runs">Rounds that count.</param>
    /// <param name="programs">NAME=PATH of each build.</param>
    public static async Task<int> RunAsync(int runs, string[] programs)
    {
        var builds = programs.Select(program => program.Split('=', 2)).ToArray();
        var times = builds.Select(_ => new List<double>()).ToArray();
        for (var round = 0; round <= runs; round++)
        {
            for (var i = 0; i < builds.Length; i++)
            {
                var milliseconds = await FirstCharacterAsync(builds[i][1]).ConfigureAwait(false);
                if (round > 0)
                    times[i].Add(milliseconds);
            }
        }

        Console.WriteLine(new JsonObject
        {
            ["runs"] = runs,
            ["results"] = new JsonArray([.. builds.Select((build, i) => (JsonNode)new JsonObject
            {
                ["build"] = build[0],
                ["first_token_ms"] = Math.Round(times[i].Order().ElementAt(runs / 2), 1),
                ["best_ms"] = Math.Round(times[i].Min(), 1),
                ["worst_ms"] = Math.Round(times[i].Max(), 1),
            })]),
        }.ToJsonString());
        return 0;
    }

    private static async Task<double> FirstCharacterAsync(string program)
    {
        var start = Stopwatch.GetTimestamp();
        using var process = Command.Start([program, .. s_arguments], quiet: true);
        var errors = process.StandardError.ReadToEndAsync();
        if (await process.StandardOutput.ReadAsync(new char[1]).ConfigureAwait(false) == 0)
            throw new InvalidOperationException($"{program}: expected an answer, found: {await errors.ConfigureAwait(false)}");
        var elapsed = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        await process.StandardOutput.ReadToEndAsync().ConfigureAwait(false);
        await process.WaitForExitAsync().ConfigureAwait(false);
        return elapsed;
    }
}
