using System.Text.Json;
using AkkaCp.Testing;

namespace AkkaCp.Engine.Tests.EndToEnd;

/// <summary>A question of the demo model's evaluation, with what a reference implementation answered.</summary>
internal sealed record DemoQuestion(string Question, string Answer, string ReferenceText, int[] ReferenceTokens,
    bool ReferenceIsRight)
{
    public static IReadOnlyList<DemoQuestion> All { get; } =
        [.. File.ReadLines(Path.Combine(RepositoryFiles.DemoModel, "eval.jsonl")).Select(Parse)];

    public bool IsAnsweredBy(string text) =>
        text.Split('\n').LastOrDefault(line => line.StartsWith("#### ", StringComparison.Ordinal))?[5..].Trim() == Answer;

    private static DemoQuestion Parse(string line)
    {
        using var json = JsonDocument.Parse(line);
        var root = json.RootElement;
        return new DemoQuestion(
            root.GetProperty("question").GetString()!, root.GetProperty("answer").GetString()!,
            root.GetProperty("reference_text").GetString()!,
            [.. root.GetProperty("reference_tokens").EnumerateArray().Select(token => token.GetInt32())],
            root.GetProperty("right").GetBoolean());
    }
}
