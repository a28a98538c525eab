using AkkaCp.Model.Sampling;

namespace AkkaCp.Scheduling.Tests;

/// <summary>A "model" whose next token is a function of the token before and its position, so that whole texts can be foretold.</summary>
internal static class FakeModel
{
    public const int VocabSize = 1000;

    public static int Next(int position, int before) => (int)((((long)position * 31) + ((long)before * 7) + 3) % VocabSize);

    public static SampledToken Sample(int position, int before) => new(Next(position, before), float.NaN, []);

    /// <summary>The text behind a prompt.</summary>
    public static IReadOnlyList<int> Continue(IReadOnlyList<int> prompt, int count)
    {
        var tokens = prompt.ToList();
        for (var i = 0; i < count; i++)
            tokens.Add(Next(tokens.Count - 1, tokens[^1]));
        return tokens.GetRange(prompt.Count, count);
    }

    public static int[] Prompt(int length, int salt = 0) => [.. Enumerable.Range(0, length).Select(i => ((i * 13) + salt) % VocabSize)];
}
