using System.Text.Json.Serialization;
using AkkaCp.Server.Answers;

namespace AkkaCp.Server.Completions;

/// <summary>Continued prompts, or a piece of a stream of them.</summary>
internal sealed record Completion(string Id, string Object, long Created, string Model, CompletionChoice[] Choices)
{
    /// <summary>Tokens: of a whole answer, and on the last chunk of a stream that asked for them.</summary>
    public UsageField? Usage { get; init; }

    /// <summary>How far the prompt is, where it was asked for.</summary>
    public PromptProgress? PromptProgress { get; init; }
}

/// <summary>One of them.</summary>
internal sealed record CompletionChoice(
    int Index, string Text,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] CompletionLogprobs? Logprobs,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? FinishReason);

/// <summary>Log-probabilities of a continuation's tokens, in columns.</summary>
/// <param name="Tokens">Their texts.</param>
/// <param name="TokenLogprobs">ln p of each.</param>
/// <param name="TopLogprobs">The most probable tokens at each place.</param>
/// <param name="TextOffset">Where each begins in the continuation, in characters.</param>
internal sealed record CompletionLogprobs(
    IReadOnlyList<string> Tokens, IReadOnlyList<float> TokenLogprobs, IReadOnlyList<IReadOnlyDictionary<string, float>> TopLogprobs,
    IReadOnlyList<int> TextOffset)
{
    /// <summary>Columns of tokens.</summary>
    /// <param name="tokens">The tokens.</param>
    /// <param name="start">Where the first begins.</param>
    public static CompletionLogprobs Of(IReadOnlyList<TokenProbability> tokens, ref int start)
    {
        var offsets = new int[tokens.Count];
        for (var i = 0; i < tokens.Count; i++)
            (offsets[i], start) = (start, start + tokens[i].Token.Length);
        return new CompletionLogprobs(
            [.. tokens.Select(token => token.Token)], [.. tokens.Select(token => token.Logprob)], [.. tokens.Select(Top)], offsets);
    }

    // Two tokens may have one text; the better one is it.
    private static Dictionary<string, float> Top(TokenProbability token)
    {
        var top = new Dictionary<string, float>(StringComparer.Ordinal);
        foreach (var other in token.TopLogprobs!)
            top.TryAdd(other.Token, other.Logprob);
        return top;
    }
}
