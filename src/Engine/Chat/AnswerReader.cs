namespace AkkaCp.Engine.Chat;

/// <summary>What every surface shows of an answer: its chunks as pieces of reasoning, text and calls; behind a raw prompt all is
/// text.</summary>
internal sealed class AnswerReader
{
    private readonly OutputParser? _parser;
    private readonly List<OutputPiece> _raw = [];

    /// <param name="parser">Divides the answer; null where all is text.</param>
    public AnswerReader(OutputParser? parser) => _parser = parser;

    /// <summary>Whether the answer has a call so far.</summary>
    public bool HasCalls { get; private set; }

    /// <summary>Whether the answer ended in a call that had been told in part.</summary>
    public bool EndsInCall => _parser?.EndsInCall ?? false;

    /// <summary>The pieces that are certain with this chunk; valid until the next.</summary>
    public List<OutputPiece> Take(GenerationChunk chunk)
    {
        if (_parser is null)
            return TakeRaw(chunk.Text);
        var pieces = _parser.Push(chunk.Text);
        // The parser gives the same list each time.
        if (chunk.FinishReason is not null)
            pieces = [.. pieces.ToArray(), .. _parser.Flush()];
        for (var i = 0; i < pieces.Count && !HasCalls; i++)
            HasCalls = pieces[i].Kind is OutputKind.ToolCall;
        return pieces;
    }

    private List<OutputPiece> TakeRaw(string text)
    {
        _raw.Clear();
        if (text.Length > 0)
            _raw.Add(new OutputPiece(OutputKind.Text, text));
        return _raw;
    }
}
