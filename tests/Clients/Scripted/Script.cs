namespace AkkaCp.Scripted;

/// <summary>
/// What a prompt asks of the scripted model. Its last turn begins with the order: <c>call NAME JSON</c> calls functions, one a line, where
/// the prompt has them; <c>think A | B</c> thinks A and says B; <c>busy N</c> is refused the first time; <c>fail A</c> says A and fails;
/// <c>roles</c> says who spoke; anything else is said again. A turn of results is answered with the results.
/// </summary>
/// <param name="prompt">The prompt, as the demo model's template writes it.</param>
internal sealed class Script(string prompt)
{
    private const string Begin = "<|im_start|>";
    private const string End = "<|im_end|>";
    private const string Response = "<tool_response>";

    /// <summary>The last thing that was said to the model.</summary>
    public string Turn { get; } = TextOf(Turns(prompt)[^2]);

    /// <summary>Whether there is no place for it the first time.</summary>
    public bool IsBusyOnce => Turn.StartsWith("busy ", StringComparison.Ordinal);

    /// <summary>Whether it fails at the end.</summary>
    public bool Fails => Turn.StartsWith("fail ", StringComparison.Ordinal);

    /// <summary>What the model writes.</summary>
    public string Answer
    {
        get
        {
            var (order, rest) = Turn.Split(' ', 2) is [var first, var more] ? (first, more) : (Turn, "");
            return order switch
            {
                _ when Turn.StartsWith(Response, StringComparison.Ordinal) => $"results: {string.Join(", ", Results())}",
                "call" => HasTools ? string.Join('\n', Turn.Split('\n').Select(Call)) : "no tools",
                "think" => $"<think>\n{rest.Split(" | ")[0]}\n</think>\n\n{rest.Split(" | ")[1]}",
                "fail" => rest,
                "roles" => string.Join(' ', Turns(prompt)[..^1].Select(turn => turn.Split('\n')[0])),
                _ => Turn,
            };
        }
    }

    private bool HasTools => prompt.Contains("<tools>", StringComparison.Ordinal);

    /// <summary>The results behind the last call.</summary>
    private IEnumerable<string> Results() => Turns(prompt)[..^1].Select(TextOf).Reverse()
        .TakeWhile(text => text.StartsWith(Response, StringComparison.Ordinal)).Reverse()
        .Select(text => text[Response.Length..text.IndexOf("</tool_response>", StringComparison.Ordinal)].Trim());

    private static string Call(string line)
    {
        var words = line.Split(' ', 3);
        return $"<tool_call>\n{{\"name\": \"{words[1]}\", \"arguments\": {words[2]}}}\n</tool_call>";
    }

    private static string[] Turns(string prompt) => prompt.Split(Begin, StringSplitOptions.RemoveEmptyEntries);

    private static string TextOf(string turn)
    {
        var text = turn[(turn.IndexOf('\n', StringComparison.Ordinal) + 1)..];
        return text[..text.LastIndexOf(End, StringComparison.Ordinal)];
    }
}
