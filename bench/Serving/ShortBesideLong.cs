using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using AkkaCp.Engine;

namespace AkkaCp.Bench.Serving;

/// <summary>
/// How long a prompt of 100 tokens waits for its first token while a long one is prefilled and other answers are streamed, how long those
/// streams pause meanwhile, and what it costs the long one; each beside its time alone.
/// </summary>
internal static class ShortBesideLong
{
    private const int Short = 100;
    private const int Streams = 4;

    /// <summary>Prints a table.</summary>
    public static async Task RunAsync(string model, int longTokens, int targetMilliseconds, int pauseMilliseconds)
    {
        var target = TimeSpan.FromMilliseconds(targetMilliseconds);
        await using var engine = await InferenceEngine.StartAsync(new EngineOptions
        {
            ModelPath = model,
            Overrides = new Dictionary<string, string>
            {
                ["scheduler.step-target"] = $"{targetMilliseconds}ms",
                ["kv-cache.tokens"] = (2 * (longTokens + 8192)).ToString(CultureInfo.InvariantCulture),
                ["kv-cache.prefix-cache"] = "off",
            },
        });
        var random = new Random(1);
        Console.WriteLine("| run | long alone s | long beside s | ratio | short alone s | short beside p50 s | p95 s | targets over alone "
            + "| shorts | longest pause of a stream, targets |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|");
        await FirstTokenAsync(engine, Samples.Prompt(random, 1024));
        for (var run = 1; run <= 3; run++)
        {
            var longAlone = await FirstTokenAsync(engine, Samples.Prompt(random, longTokens));
            var shortAlone = TimeSpan.Zero;
            for (var i = 0; i < 5; i++)
                shortAlone += await FirstTokenAsync(engine, Samples.Prompt(random, Short)) / 5;
            var (longBeside, shorts, pause) = await BesideAsync(
                engine, random, longTokens, TimeSpan.FromMilliseconds(pauseMilliseconds));
            var p95 = Samples.At(shorts, 0.95);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {run} | {longAlone.TotalSeconds:0.00} | {longBeside.TotalSeconds:0.00} | {longBeside / longAlone:0.00} "
                + $"| {shortAlone.TotalSeconds:0.00} | {Samples.At(shorts, 0.5).TotalSeconds:0.00} | {p95.TotalSeconds:0.00} "
                + $"| {(p95 - shortAlone) / target:0.00} | {shorts.Count} | {pause / target:0.00} |"));
        }
    }

    private static async Task<(TimeSpan Long, List<TimeSpan> Shorts, TimeSpan Pause)> BesideAsync(
        InferenceEngine engine, Random random, int longTokens, TimeSpan untilNext)
    {
        using var end = new CancellationTokenSource();
        var pauses = new ConcurrentBag<TimeSpan>();
        var begun = new CountdownEvent(Streams);
        var streams = Enumerable.Range(0, Streams)
            .Select(_ => StreamAsync(engine, Samples.Prompt(random, Short), begun, pauses, end.Token)).ToList();
        await Task.Run(begun.Wait);
        pauses.Clear();

        var longOne = FirstTokenAsync(engine, Samples.Prompt(random, longTokens));
        var shorts = new List<Task<TimeSpan>>();
        while (!longOne.IsCompleted)
        {
            shorts.Add(FirstTokenAsync(engine, Samples.Prompt(random, Short)));
            await Task.WhenAny(longOne, Task.Delay(untilNext));
        }

        var pause = pauses.Max();
        await end.CancelAsync();
        await Task.WhenAll(streams);
        return (await longOne, [.. (await Task.WhenAll(shorts)).Order()], pause);
    }

    private static async Task StreamAsync(
        InferenceEngine engine, int[] prompt, CountdownEvent begun, ConcurrentBag<TimeSpan> pauses, CancellationToken end)
    {
        long? last = null;
        try
        {
            await foreach (var chunk in engine.GenerateAsync(Request(prompt, 20_000), end))
            {
                if (chunk.Token is null)
                    continue;
                if (last is { } before)
                    pauses.Add(Stopwatch.GetElapsedTime(before));
                else
                    begun.Signal();
                last = Stopwatch.GetTimestamp();
            }
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
        }
    }

    private static async Task<TimeSpan> FirstTokenAsync(InferenceEngine engine, int[] prompt)
    {
        var started = Stopwatch.GetTimestamp();
        await foreach (var chunk in engine.GenerateAsync(Request(prompt, 1)))
        {
            if (chunk.Token is not null)
                return Stopwatch.GetElapsedTime(started);
        }

        throw new InvalidOperationException("a request ended without a token");
    }

    private static GenerationRequest Request(int[] prompt, int tokens) => new() { Tokens = prompt, MaxTokens = tokens, IgnoreEos = true };
}
