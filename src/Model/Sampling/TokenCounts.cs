namespace AkkaCp.Model.Sampling;

/// <summary>
/// What a request has seen so far: which tokens are in its prompt, and how often each is in its output. Penalties read it.
/// Grows with the number of distinct tokens, not with the vocabulary. Not for use by several threads at once.
/// </summary>
public sealed class TokenCounts
{
    private readonly Dictionary<int, int> _outputCounts = [];

    /// <summary>An empty history.</summary>
    public TokenCounts()
    {
    }

    /// <summary>A history that begins with a prompt and, for a resumed request, the tokens it has already given out.</summary>
    public TokenCounts(ReadOnlySpan<int> prompt, ReadOnlySpan<int> output = default)
    {
        AddPrompt(prompt);
        foreach (var id in output)
            AddOutput(id);
    }

    /// <summary>Every distinct token with its number of occurrences in the output: 0 for one that is only in the prompt.</summary>
    internal Dictionary<int, int> OutputCounts => _outputCounts;

    /// <summary>Notes the tokens of the prompt: they count for the repetition penalty only.</summary>
    public void AddPrompt(ReadOnlySpan<int> ids)
    {
        foreach (var id in ids)
            _outputCounts.TryAdd(id, 0);
    }

    /// <summary>Notes one token of the output: it counts for all three penalties.</summary>
    public void AddOutput(int id) => _outputCounts[id] = _outputCounts.GetValueOrDefault(id) + 1;
}
