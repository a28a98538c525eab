namespace AkkaCp.Engine.Chat;

/// <summary>How much of the calls of one block has been told: each once, and never another text than before.</summary>
/// <param name="pieces">Takes what is new.</param>
internal sealed class ToldCalls(List<OutputPiece> pieces)
{
    private readonly List<int> _lengths = [];

    /// <summary>Tells what is new.</summary>
    public void Tell(IReadOnlyList<WrittenCall> calls)
    {
        for (var i = 0; i < calls.Count; i++)
        {
            if (i == _lengths.Count)
            {
                pieces.Add(new OutputPiece(OutputKind.ToolCall, "", Begins: calls[i].Name));
                _lengths.Add(0);
            }

            if (calls[i].Arguments.Length <= _lengths[i])
                continue;
            pieces.Add(new OutputPiece(OutputKind.ToolCall, calls[i].Arguments[_lengths[i]..]));
            _lengths[i] = calls[i].Arguments.Length;
        }
    }

    /// <summary>The block is over.</summary>
    public void Clear() => _lengths.Clear();
}
