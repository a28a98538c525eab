namespace AkkaCp.Engine.Chat;

/// <summary>What a piece of an answer is.</summary>
internal enum OutputKind
{
    /// <summary>The answer.</summary>
    Text,

    /// <summary>Inside <c>&lt;think&gt;</c>.</summary>
    Reasoning,

    /// <summary>One whole body of a <c>&lt;tool_call&gt;</c>.</summary>
    ToolCall,
}

/// <summary>A piece of an answer.</summary>
internal readonly record struct OutputPiece(OutputKind Kind, string Text);

/// <summary>
/// Divides a streamed answer into reasoning, text and Hermes tool calls. Whether it begins inside <c>&lt;think&gt;</c> is what
/// the rendered prompt's end says, not a flag of the request: templates open and close the block themselves. An answer may also
/// open it itself, as its first word. Tags never show, wherever the pieces of the stream begin and end.
/// </summary>
internal sealed class OutputParser
{
    private const string ThinkOpen = "<think>";
    private const string ThinkClose = "</think>";
    private const string CallOpen = "<tool_call>";
    private const string CallClose = "</tool_call>";

    private readonly bool _parsesToolCalls;
    private readonly List<OutputPiece> _pieces = [];
    private State _state;
    private string _held = "";

    /// <param name="startsInReasoning">Whether the prompt ends inside <c>&lt;think&gt;</c>.</param>
    /// <param name="parsesToolCalls">Whether the request offered tools; without them the tag is text like any other.</param>
    public OutputParser(bool startsInReasoning, bool parsesToolCalls)
    {
        _state = startsInReasoning ? State.ReasoningStart : State.Start;
        _parsesToolCalls = parsesToolCalls;
    }

    private enum State
    {
        Start,
        ReasoningStart,
        Reasoning,
        TextStart,
        Text,
        ToolCall,
    }

    /// <summary>Takes the next piece of the stream; gives what is certain now.</summary>
    public IReadOnlyList<OutputPiece> Push(string piece)
    {
        _pieces.Clear();
        _held += piece;
        while (Advance())
        {
        }

        return _pieces;
    }

    /// <summary>The stream is over: gives what was held back; a call that was cut off is given as the text that it is.</summary>
    public IReadOnlyList<OutputPiece> Flush()
    {
        _pieces.Clear();
        var rest = _held;
        _held = "";
        switch (_state)
        {
            case State.ReasoningStart or State.Reasoning:
                Add(OutputKind.Reasoning, rest.TrimEnd());
                break;
            case State.ToolCall:
                Add(OutputKind.Text, CallOpen + rest);
                break;
            case State.TextStart:
                Add(OutputKind.Text, rest.TrimStart());
                break;
            default:
                Add(OutputKind.Text, rest);
                break;
        }

        return _pieces;
    }

    /// <summary>One step of the state machine; false when it needs more text.</summary>
    private bool Advance() => _state switch
    {
        State.Start => Begin(),
        State.ReasoningStart => SkipSpace(State.Reasoning),
        State.Reasoning => Reason(),
        State.TextStart => SkipSpace(State.Text),
        State.Text => Speak(),
        _ => Call(),
    };

    private bool Begin()
    {
        var word = _held.TrimStart();
        if (word.StartsWith(ThinkOpen, StringComparison.Ordinal))
        {
            _held = word[ThinkOpen.Length..];
            _state = State.ReasoningStart;
            return true;
        }

        if (ThinkOpen.StartsWith(word, StringComparison.Ordinal))
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

    private bool Reason()
    {
        var close = _held.IndexOf(ThinkClose, StringComparison.Ordinal);
        if (close < 0)
            return Release(OutputKind.Reasoning, ThinkClose);
        Add(OutputKind.Reasoning, _held[..close].TrimEnd());
        _held = _held[(close + ThinkClose.Length)..];
        _state = State.TextStart;
        return true;
    }

    private bool Speak()
    {
        if (!_parsesToolCalls)
        {
            Add(OutputKind.Text, _held);
            _held = "";
            return false;
        }

        var open = _held.IndexOf(CallOpen, StringComparison.Ordinal);
        if (open < 0)
            return Release(OutputKind.Text, CallOpen);
        Add(OutputKind.Text, _held[..open].TrimEnd());
        _held = _held[(open + CallOpen.Length)..];
        _state = State.ToolCall;
        return true;
    }

    private bool Call()
    {
        var close = _held.IndexOf(CallClose, StringComparison.Ordinal);
        if (close < 0)
            return false;
        Add(OutputKind.ToolCall, _held[..close].Trim());
        _held = _held[(close + CallClose.Length)..];
        _state = State.TextStart;
        return true;
    }

    /// <summary>Gives all but an end that may begin the tag, and the white space before it, which goes when the tag
    /// comes.</summary>
    private bool Release(OutputKind kind, string tag)
    {
        var kept = Math.Min(tag.Length - 1, _held.Length);
        while (!tag.AsSpan().StartsWith(_held.AsSpan(_held.Length - kept), StringComparison.Ordinal))
            kept--;
        var shown = _held.AsSpan(0, _held.Length - kept).TrimEnd().Length;
        Add(kind, _held[..shown]);
        _held = _held[shown..];
        return false;
    }

    private void Add(OutputKind kind, string text)
    {
        if (text.Length > 0)
            _pieces.Add(new OutputPiece(kind, text));
    }
}
