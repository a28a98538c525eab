using AkkaCp.Engine.Generation;

namespace AkkaCp.Engine.Chat;

/// <summary>
/// Divides a streamed answer into reasoning, text and tool calls. Whether it begins inside <c>&lt;think&gt;</c> is what the rendered
/// prompt's end says, not a flag of the request: templates open and close the block themselves. An answer may also open it itself, as its
/// first word. A call ends reasoning that is still open, because models forget to close it. What looks like a call and is none stays what
/// it is, reasoning or text, with all its white space. Tags never show, wherever the pieces of the stream begin and end.
/// </summary>
internal sealed class OutputParser
{
    private readonly CallReader? _calls;
    private readonly List<OutputPiece> _pieces = [];
    private State _state;
    private string _held = "";
    private bool _isWhole;

    /// <summary>What a call that is none would be.</summary>
    private OutputKind _around;

    /// <summary>The white space before the tag in a call: it goes when the call is one.</summary>
    private int _space;

    /// <summary>The character without which the call cannot end.</summary>
    private char? _awaits;

    /// <summary>Whether a call ended the reasoning: a closing tag behind it says nothing new.</summary>
    private bool _closesLate;

    /// <param name="startsInReasoning">Whether the prompt ends inside <c>&lt;think&gt;</c>.</param>
    /// <param name="calls">Reads calls; null when the request offered no tools: their tags are text like any other then.</param>
    public OutputParser(bool startsInReasoning, CallReader? calls)
    {
        _state = startsInReasoning ? State.ReasoningStart : State.Start;
        _calls = calls;
    }

    private enum State
    {
        Start,
        ReasoningStart,
        Reasoning,
        TextStart,
        Text,
        Call,
    }

    /// <summary>Takes the next piece of the stream; gives what is certain now.</summary>
    public IReadOnlyList<OutputPiece> Push(string piece)
    {
        _pieces.Clear();
        _held += piece;
        if (_state == State.Call && _awaits is { } awaited && !piece.Contains(awaited, StringComparison.Ordinal))
            return _pieces;
        while (Advance())
        {
        }

        return _pieces;
    }

    /// <summary>The stream is over: gives what was held back; a call that was cut off is given as the text that it is.</summary>
    public IReadOnlyList<OutputPiece> Flush()
    {
        _pieces.Clear();
        _isWhole = true;
        while (Advance())
        {
        }

        var isReasoning = _state is State.ReasoningStart or State.Reasoning;
        Add(isReasoning ? OutputKind.Reasoning : OutputKind.Text, isReasoning ? _held.TrimEnd() : _held);
        _held = "";
        return _pieces;
    }

    /// <summary>One step of the state machine; false when it needs more text.</summary>
    private bool Advance() => _state switch
    {
        State.Start => Begin(),
        State.ReasoningStart => SkipSpace(State.Reasoning),
        State.Reasoning => Scan(OutputKind.Reasoning),
        State.TextStart => SkipSpace(State.Text),
        State.Text => Scan(OutputKind.Text),
        _ => Call(),
    };

    private bool Begin()
    {
        var word = _held.TrimStart();
        if (word.StartsWith(AnswerTags.ThinkOpen, StringComparison.Ordinal))
        {
            _held = word[AnswerTags.ThinkOpen.Length..];
            _state = State.ReasoningStart;
            return true;
        }

        if (AnswerTags.ThinkOpen.StartsWith(word, StringComparison.Ordinal))
            return false;
        _state = State.Text;
        return true;
    }

    private bool SkipSpace(State next)
    {
        _held = _held.TrimStart();
        if (_held.Length == 0)
            return false;
        _state = next;
        return true;
    }

    /// <summary>Gives what comes before the next tag that means something here.</summary>
    private bool Scan(OutputKind kind)
    {
        var (found, tag) = (-1, "");
        foreach (var candidate in TagsIn(kind))
        {
            var at = _held.IndexOf(candidate, StringComparison.Ordinal);
            if (at >= 0 && (found < 0 || at < found))
                (found, tag) = (at, candidate);
        }

        if (found < 0)
            return Release(kind);
        Release(kind, found);
        if (tag == AnswerTags.ThinkClose)
        {
            _held = _held.TrimStart()[AnswerTags.ThinkClose.Length..];
            _state = State.TextStart;
            _closesLate = false;
            return true;
        }

        (_around, _awaits, _state) = (kind, null, State.Call);
        _space = _held.Length - _held.AsSpan().TrimStart().Length;
        return true;
    }

    private IEnumerable<string> TagsIn(OutputKind kind) => kind is OutputKind.Reasoning
        // Without its outer tag a function in the reasoning is but thought about.
        ? _calls is null ? [AnswerTags.ThinkClose] : [AnswerTags.ThinkClose, AnswerTags.CallOpen]
        : [.. _closesLate ? [AnswerTags.ThinkClose] : Array.Empty<string>(), .. _calls?.Openers ?? []];

    private bool Call()
    {
        var reading = _calls!.Read(_held, _space, _isWhole);
        if (reading.NeedsMore)
        {
            _awaits = reading.Awaits;
            return false;
        }

        if (reading.Calls.Count == 0)
        {
            // Only the tag's first character, so that whatever is behind it is looked at again.
            Add(_around, _held[..(_space + 1)]);
            _held = _held[(_space + 1)..];
            _state = _around is OutputKind.Reasoning ? State.Reasoning : State.Text;
            return true;
        }

        var written = _held[_space..reading.End];
        foreach (var call in reading.Calls)
        {
            _pieces.Add(new OutputPiece(OutputKind.ToolCall, written, call));
            written = "";
        }

        _held = _held[reading.End..];
        _closesLate |= _around is OutputKind.Reasoning;
        _state = State.TextStart;
        return true;
    }

    /// <summary>Gives all but an end that may begin a tag, and the white space before it, which goes when the tag comes.</summary>
    private bool Release(OutputKind kind)
    {
        var kept = 0;
        foreach (var tag in TagsIn(kind))
        {
            for (var length = Math.Min(tag.Length - 1, _held.Length); length > kept; length--)
            {
                if (tag.AsSpan().StartsWith(_held.AsSpan(_held.Length - length), StringComparison.Ordinal))
                    kept = length;
            }
        }

        Release(kind, _held.Length - kept);
        return false;
    }

    /// <summary>Gives what is before a place, but for the white space right before it.</summary>
    private void Release(OutputKind kind, int end)
    {
        var shown = _held.AsSpan(0, end).TrimEnd().Length;
        Add(kind, _held[..shown]);
        _held = _held[shown..];
    }

    private void Add(OutputKind kind, string text)
    {
        if (text.Length > 0)
            _pieces.Add(new OutputPiece(kind, text));
    }
}
