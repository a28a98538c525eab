using System.Globalization;
using System.Text.Json;

namespace AkkaCp.Bench.Peers;

/// <summary>A run of the comparison, as JSON or Markdown.</summary>
internal sealed record ComparisonReport
{
    private static readonly JsonSerializerOptions s_options = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>Name of the model's directory.</summary>
    public required string Model { get; init; }

    /// <summary>Type of our weights.</summary>
    public required string OursDtype { get; init; }

    /// <summary>Our kernels.</summary>
    public required string OursKernels { get; init; }

    /// <summary>Type of the peer's weights.</summary>
    public required string TheirsDtype { get; init; }

    /// <summary>The peer.</summary>
    public required string PeerName { get; init; }

    /// <summary>What the peer says of itself.</summary>
    public required string TheirsInfo { get; init; }

    /// <summary>Threads of each.</summary>
    public required int Threads { get; init; }

    /// <summary>Turns that count.</summary>
    public required int Rounds { get; init; }

    /// <summary>What one core multiplies at most with our weights' type.</summary>
    public required double LimitGflops { get; init; }

    /// <summary>All lengths and depths.</summary>
    public required IReadOnlyList<ComparisonResult> Results { get; init; }

    /// <summary>One line.</summary>
    public void WriteJson(TextWriter output) => output.WriteLine(JsonSerializer.Serialize(this, s_options));

    /// <summary>A table.</summary>
    public void WriteTable(TextWriter output)
    {
        Line($"{Model}: ours {OursDtype} ({OursKernels}), {PeerName} {TheirsDtype}; {Threads} threads, "
            + $"median of {Rounds} turns; one core multiplies at most {LimitGflops:F1} GFLOP/s");
        Line($"{PeerName}: {TheirsInfo}\n");
        Line($"| | tokens | ours tokens/s | {PeerName} tokens/s | ratio | by processor time "
            + "| same next token | best options | each turn, ours/theirs |\n"
            + "|---|---|---|---|---|---|---|---|---|");
        foreach (var r in Results)
        {
            var turns = string.Join(' ', r.Turns.Select(turn => string.Create(CultureInfo.InvariantCulture, $"{turn[0]:F1}/{turn[1]:F1}")));
            Line($"| {r.Kind} | {r.Tokens} | {r.Ours:F1} | {r.Theirs:F1} | {r.Ratio:F2} "
                + $"| {r.RatioByProcessorTime:F2} | {r.SameNextToken} of {r.Turns.Count} | {r.PeerOptions} | {turns} |");
        }

        void Line(string line) => output.WriteLine(line);
    }
}
