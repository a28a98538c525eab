using System.Diagnostics;
using System.Globalization;
using AkkaCp.Engine;

namespace AkkaCp.Bench.Serving;

/// <summary>How long a chat's second turn waits for its first token: 40 tokens behind the first turn and its answer.</summary>
internal static class SecondTurn
{
    private const int Answer = 16;
    private const int New = 40;

    /// <summary>Prints a table.</summary>
    public static async Task RunAsync(string model, int tokens)
    {
        Console.WriteLine("| attn_cp | run | first turn s | second turn s | share | tokens computed |");
        Console.WriteLine("|---|---|---|---|---|---|");
        foreach (var ranks in new[] { 1, 2 })
        {
            await using var engine = await InferenceEngine.StartAsync(new EngineOptions
            {
                ModelPath = model,
                AttnCp = ranks,
                Threads = Math.Max(1, Environment.ProcessorCount / ranks),
                Overrides = new Dictionary<string, string>
                {
                    ["kv-cache.tokens"] = (4 * tokens).ToString(CultureInfo.InvariantCulture),
                },
            });
            var random = new Random(1);
            await TurnAsync(engine, Samples.Prompt(random, 512));
            for (var run = 1; run <= 3; run++)
            {
                var first = await TurnAsync(engine, Samples.Prompt(random, tokens));
                var second = await TurnAsync(engine, [.. first.Tokens, .. Samples.Prompt(random, New)]);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"| {ranks} | {run} | {first.Wait.TotalSeconds:0.000} | {second.Wait.TotalSeconds:0.000} "
                    + $"| {second.Wait / first.Wait:0.0000} | {second.Tokens.Length - Answer - second.Cached} |"));
            }
        }
    }

    private static async Task<(int[] Tokens, TimeSpan Wait, int Cached)> TurnAsync(InferenceEngine engine, int[] prompt)
    {
        var request = new GenerationRequest { Tokens = prompt, MaxTokens = Answer, IgnoreEos = true };
        var answer = new List<int>(prompt);
        var (started, wait, cached) = (Stopwatch.GetTimestamp(), TimeSpan.Zero, 0);
        await foreach (var chunk in engine.GenerateAsync(request))
        {
            if (chunk.Token is { } token)
            {
                wait = answer.Count == prompt.Length ? Stopwatch.GetElapsedTime(started) : wait;
                answer.Add(token);
            }

            cached = chunk.Summary?.CachedTokens ?? cached;
        }

        return ([.. answer], wait, cached);
    }
}
