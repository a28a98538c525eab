using System.Text.Json.Nodes;
using AkkaCp.Text.Templates;
using AkkaCp.Text.Tokenization;

namespace AkkaCp.Model.Ending;

/// <summary>
/// Finds the token that closes the assistant's turn in a chat template, by what the template writes behind an answer: behind the last
/// one, and behind one that the user replies to, where a template that closes nothing shows the token that the next turn begins with.
/// </summary>
internal static class TurnEnd
{
    // Words that no template has and that its filters leave as they are.
    private const string Answer = "qzanswerzq";
    private const string Question = "qzquestionzq";

    private static readonly Func<string, JsonNode>[] s_contents =
    [
        text => text,
        text => new JsonArray(new JsonObject { ["type"] = "text", ["text"] = text }),
    ];

    /// <summary>Ids of the tokens; none where the template closes turns otherwise, or refuses a plain conversation.</summary>
    public static IReadOnlyList<int> Find(ChatTemplate template, Tokenizer tokenizer)
    {
        foreach (var content in s_contents)
        {
            foreach (var start in (string[][])[[], ["system"]])
            {
                var last = BehindTheAnswer(template, content, [.. start, "user", "assistant"]);
                if (last is null)
                    continue;
                var answered = BehindTheAnswer(template, content, [.. start, "user", "assistant", "user"]);
                return [.. new[] { Closing(tokenizer, last), Next(tokenizer, answered ?? "") }.OfType<int>().Distinct()];
            }
        }

        return [];
    }

    /// <summary>The token at the text's beginning; else the first control token: nothing but the turn's end comes here.</summary>
    private static int? Closing(Tokenizer tokenizer, string text)
    {
        if (Next(tokenizer, text) is { } next)
            return next;
        var rest = text.AsSpan();
        while (tokenizer.FindAdded(rest, out var start) is { } token)
        {
            if (token.Special)
                return token.Id;
            rest = rest[(start + token.Content.Length)..];
        }

        return null;
    }

    private static int? Next(Tokenizer tokenizer, string text) =>
        tokenizer.FindAdded(text.AsSpan().TrimStart(), out var start) is { } token && start == 0 ? token.Id : null;

    private static string? BehindTheAnswer(ChatTemplate template, Func<string, JsonNode> content, IEnumerable<string> roles)
    {
        var messages = roles.Select(role => (JsonNode?)new JsonObject
        {
            ["role"] = role,
            ["content"] = content(role == "assistant" ? Answer : Question),
        });
        try
        {
            var text = template.Render(new ChatTemplateInput { Messages = [.. messages], AddGenerationPrompt = false });
            var answer = text.LastIndexOf(Answer, StringComparison.Ordinal);
            return answer < 0 ? null : text[(answer + Answer.Length)..];
        }
        catch (TemplateException)
        {
            // A template may refuse such a conversation, or want its contents in the other form.
            return null;
        }
    }
}
