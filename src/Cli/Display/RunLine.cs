using System.Globalization;
using System.Text.Json;
using AkkaCp.Engine;
using AkkaCp.Pipeline.Partition;

namespace AkkaCp.Cli.Display;

/// <summary>The line on stderr that says how a prompt lay on the ranks and how long it took.</summary>
internal static class RunLine
{
    /// <summary>The line of a request that ended.</summary>
    /// <param name="ranks">Ranks of the layout.</param>
    /// <param name="summary">The request's counts and times.</param>
    public static string Of(int ranks, GenerationSummary summary)
    {
        var placement = summary.Placement;
        var parts = new List<string>
        {
            $"{ranks} {(ranks == 1 ? "rank" : "ranks")}, attn-cp {placement.CpSize}",
            $"{summary.PromptTokens} prompt tokens{Cached(summary)} as {string.Join(" + ", placement.RowsPerRank)} rows",
            Ways(placement.StepsByKind),
            $"K/V gathered {Bytes(placement.KvBytesGathered)}",
        };
        if (summary.TimeToFirstToken is { } first)
            parts.Add(Invariant($"first token after {first.TotalMilliseconds:0} ms"));
        if (summary.PrefillTokensPerSecond is { } prefill)
            parts.Add(Invariant($"prefill {prefill:0} tokens/s"));
        if (summary.DecodeTokensPerSecond is { } decode)
            parts.Add(Invariant($"decode {decode:0} tokens/s"));
        return string.Join(" | ", parts);
    }

    /// <summary>A size for people.</summary>
    public static string Bytes(long bytes) => bytes switch
    {
        < 1024 => $"{bytes} B",
        < 1024 * 1024 => Invariant($"{bytes / 1024.0:0.0} KiB"),
        _ => Invariant($"{bytes / (1024.0 * 1024):0.0} MiB"),
    };

    private static string Cached(GenerationSummary summary) => summary.CachedTokens == 0 ? "" : $", {summary.CachedTokens} of them cached,";

    private static string Ways(IReadOnlyList<int> steps)
    {
        var used = Enum.GetValues<PlacementKind>().Where(way => (int)way < steps.Count && steps[(int)way] > 0)
            .Select(way => steps[(int)way] == 1 ? $"{way}" : Invariant($"{way} x{steps[(int)way]}")).ToList();
        return used.Count == 0 ? "no prefill" : string.Join(", ", used);
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>The object that <c>run --json</c> prints.</summary>
internal static class RunJson
{
    /// <summary>Writes it; a rate that could not be measured is null.</summary>
    public static void Write(TextWriter output, string text, IReadOnlyList<int> tokens, GenerationChunk last)
    {
        var summary = last.Summary!;
        JsonOutput.WriteLine(output, json =>
        {
            json.WriteString("text", text);
            json.WriteStartArray("tokens");
            foreach (var token in tokens)
                json.WriteNumberValue(token);
            json.WriteEndArray();
            json.WriteNumber("prompt_tokens", summary.PromptTokens);
            json.WriteString("finish_reason", last.FinishReason is FinishReason.Length ? "length" : "stop");
            Number(json, "ttft_ms", summary.TimeToFirstToken?.TotalMilliseconds);
            Number(json, "prefill_tokens_per_second", summary.PrefillTokensPerSecond);
            Number(json, "decode_tokens_per_second", summary.DecodeTokensPerSecond);
        });
    }

    private static void Number(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } number)
            json.WriteNumber(name, Math.Round(number, 3));
        else
            json.WriteNull(name);
    }
}
