using AkkaCp.Model.Sampling;

namespace AkkaCp.Scheduling.Tests;

/// <summary>
/// A "model" whose next token is a function of all tokens before, so that whole texts can be foretold, and a wrong block under a request
/// gives another text. The context of a request is one number, as keys and values are many.
/// </summary>
internal static class FakeModel
{
    public const int VocabSize = 1000;

    /// <summary>The context with one more token.</summary>
    public static ulong Read(ulong context, int token) => (context + (ulong)token + 1) * 6364136223846793005;

    /// <summary>The context of tokens from the first on.</summary>
    public static ulong Read(IEnumerable<int> tokens) => tokens.Aggregate(0UL, Read);

    public static SampledToken Sample(ulong context) => new(Next(context), float.NaN, []);

    /// <summary>The text behind a prompt.</summary>
    public static IReadOnlyList<int> Continue(IReadOnlyList<int> prompt, int count)
    {
        var context = Read(prompt);
        var text = new List<int>();
        for (var i = 0; i < count; i++)
        {
            text.Add(Next(context));
            context = Read(context, text[^1]);
        }

        return text;
    }

    public static int[] Prompt(int length, int salt = 0) => [.. Enumerable.Range(0, length).Select(i => ((i * 13) + salt) % VocabSize)];

    private static int Next(ulong context) => (int)((context >> 33) % VocabSize);
}
