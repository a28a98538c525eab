using System.Text.Json;

namespace AkkaCp.Cli;

/// <summary>One line of an evaluation file.</summary>
/// <param name="Question">What is asked.</param>
/// <param name="Answer">The right answer.</param>
/// <param name="ReferenceText">What a reference implementation answered, where the file says so.</param>
internal sealed record EvalQuestion(string Question, string Answer, string? ReferenceText)
{
    private const string AnswerMark = "#### ";

    /// <summary>Reads a JSON lines file; empty lines are passed over.</summary>
    /// <exception cref="UsageException">It cannot be read, has no question, or a line is wrong.</exception>
    public static IReadOnlyList<EvalQuestion> Read(string path)
    {
        var lines = InputFile.ReadJson("FILE", path).Split('\n');
        var questions = new List<EvalQuestion>();
        for (var i = 0; i < lines.Length; i++)
        {
            if (!string.IsNullOrWhiteSpace(lines[i]))
                questions.Add(Parse(lines[i], $"{path}, line {i + 1}"));
        }

        return questions.Count > 0 ? questions : throw new UsageException($"{path}: expected questions, found none");
    }

    /// <summary>The answer that a text gives: the rest of its last line that starts with the mark; null without one.</summary>
    public static string? AnswerOf(string text) => text.Split('\n')
        .LastOrDefault(line => line.StartsWith(AnswerMark, StringComparison.Ordinal))?[AnswerMark.Length..].Trim();

    private static EvalQuestion Parse(string line, string where)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            return new EvalQuestion(
                Text(document.RootElement, "question", where) ?? throw Missing("question", where),
                Text(document.RootElement, "answer", where) ?? throw Missing("answer", where),
                Text(document.RootElement, "reference_text", where));
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new UsageException($"{where}: expected a JSON object, found: {error.Message}");
        }
    }

    // Numbers are answers, too.
    private static string? Text(JsonElement line, string name, string where) =>
        !line.TryGetProperty(name, out var value) ? null : value.ValueKind switch
        {
            JsonValueKind.String => value.GetString(),
            JsonValueKind.Number => value.GetRawText(),
            JsonValueKind.Null => null,
            _ => throw new UsageException($"{where}: {name}: expected a text, found {value.ValueKind}"),
        };

    private static UsageException Missing(string name, string where) => new($"{where}: expected {name}, found none");
}
