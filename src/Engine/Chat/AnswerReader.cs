namespace AkkaCp.Engine.Chat;

/// <summary>What every surface shows of an answer: its chunks as pieces of reasoning, text and calls.</summary>
internal sealed class AnswerReader
{
    private readonly OutputParser _parser;

    /// <param name="opensReasoning">Whether the prompt ends inside <c>&lt;think&gt;</c>.</param>
    /// <param name="calls">Reads calls; null when no tools were offered.</param>
    public AnswerReader(bool opensReasoning, CallReader? calls) => _parser = new OutputParser(opensReasoning, calls);

    /// <summary>Whether the answer has a call so far.</summary>
    public bool HasCalls { get; private set; }

    /// <summary>The pieces that are certain with this chunk; valid until the next.</summary>
    public IReadOnlyList<OutputPiece> Take(GenerationChunk chunk)
    {
        var pieces = _parser.Push(chunk.Text);
        if (chunk.FinishReason is not null)
            pieces = [.. pieces, .. _parser.Flush()];
        for (var i = 0; i < pieces.Count && !HasCalls; i++)
            HasCalls = pieces[i].Call is not null;
        return pieces;
    }
}
