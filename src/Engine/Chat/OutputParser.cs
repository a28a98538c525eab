using System.Text;
using AkkaCp.Engine.Prompting;

namespace AkkaCp.Engine.Chat;

/// <summary>
/// Divides a streamed answer into reasoning, text and tool calls. Whether it begins inside <c>&lt;think&gt;</c> is what the rendered
/// prompt's end says, not a flag of the request: templates open and close the block themselves. An answer may also open it itself, as its
/// first word. A call ends reasoning that is still open, because models forget to close it. What looks like a call and is none stays what
/// it is, reasoning or text, with all its white space. Tags never show, wherever the pieces of the stream begin and end.
/// Where calls are told as they are written, one that has begun stays a call: what is no part of it any more is text behind it, and where
/// the answer ends in it, its arguments are cut. A call in reasoning, or of an unusual form, is told when it is whole.
/// </summary>
internal sealed class OutputParser
{
    /// <summary>Length of what an end of a call may have before the text that completes it, at most.</summary>
    private const int Overlap = 16;

    /// <summary>A call is told again when this part of it is new, so that all its text is not looked at for each letter.</summary>
    private const int Pace = 32;

    private readonly CallReader? _calls;
    private readonly bool _tellsCallsEarly;
    private readonly List<OutputPiece> _pieces = [];
    private readonly ToldCalls _told;
    private readonly string[] _tagsOfReasoning;
    private readonly string[] _tagsOfText;
    private State _state;
    private bool _isWhole;

    /// <summary>The text that has come, given up to a place in it.</summary>
    private string _text = "";
    private int _given;

    /// <summary>What has come while a call waits for its end, and the last letters before and of it.</summary>
    private readonly StringBuilder _later = new();
    private string _last = "";

    /// <summary>Whether all that is held back is white space: more of it decides nothing, and is looked at once,
    /// with what comes behind it.</summary>
    private bool _waitsForWord;

    /// <summary>What is known of a call, and from how much text.</summary>
    private (CallReading Reading, int Length) _read;

    /// <summary>How much text of the call has been looked at for what is certain of it.</summary>
    private int _followed;

    /// <summary>What a call that is none would be.</summary>
    private OutputKind _around;

    /// <summary>The white space before the tag in a call: it goes when the call is one.</summary>
    private int _space;

    /// <summary>Whether a call ended the reasoning: a closing tag behind it says nothing new.</summary>
    private bool _closesLate;

    /// <param name="startsInReasoning">Whether the prompt ends inside <c>&lt;think&gt;</c>.</param>
    /// <param name="calls">Reads calls; null when the request offered no tools: their tags are text like any other then.</param>
    /// <param name="tellsCallsEarly">Whether calls are told as they are written; else each in one piece, when it is whole.</param>
    public OutputParser(bool startsInReasoning, CallReader? calls, bool tellsCallsEarly = false)
    {
        _state = startsInReasoning ? State.ReasoningStart : State.Start;
        _calls = calls;
        _tellsCallsEarly = tellsCallsEarly;
        _told = new ToldCalls(_pieces);
        // Without its outer tag a function in the reasoning is but thought about.
        _tagsOfReasoning = calls is null ? [AnswerTags.ThinkClose] : [AnswerTags.ThinkClose, AnswerTags.CallOpen];
        _tagsOfText = [.. calls?.Openers ?? []];
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

    /// <summary>Whether the answer ended in a call that had been told in part.</summary>
    public bool EndsInCall { get; private set; }

    private ReadOnlySpan<char> Rest => _text.AsSpan(_given);

    /// <summary>Takes the next piece of the stream; gives what is certain now.</summary>
    public List<OutputPiece> Push(string piece)
    {
        _pieces.Clear();
        _later.Append(piece);
        if (_state == State.Call ? MayBeDecided(piece) || IsMalformed() : !_waitsForWord || !string.IsNullOrWhiteSpace(piece))
            Advance();
        return _pieces;
    }

    /// <summary>The stream is over: gives what was held back; a call that was cut off is given as the text that it is.</summary>
    public List<OutputPiece> Flush()
    {
        _pieces.Clear();
        _isWhole = true;
        Advance();
        if (_state is State.ReasoningStart or State.Reasoning)
            Give(OutputKind.Reasoning, Rest.TrimEnd().Length);
        else
            Give(OutputKind.Text, Rest.Length);
        return _pieces;
    }

    private void Advance()
    {
        TakeLater();
        while (Step())
        {
        }

        _waitsForWord = Rest.IsWhiteSpace();
    }

    private void TakeLater()
    {
        var later = _later.ToString();
        _text = Rest.IsEmpty ? later : string.Concat(Rest, later);
        _given = 0;
        _later.Clear();
    }

    /// <summary>One step of the state machine; false when it needs more text.</summary>
    private bool Step() => _state switch
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
        var word = Rest.TrimStart();
        if (word.StartsWith(AnswerTags.ThinkOpen, StringComparison.Ordinal))
        {
            _given = _text.Length - word.Length + AnswerTags.ThinkOpen.Length;
            _state = State.ReasoningStart;
            return true;
        }

        if (AnswerTags.ThinkOpen.AsSpan().StartsWith(word, StringComparison.Ordinal))
            return false;
        _state = State.Text;
        return true;
    }

    private bool SkipSpace(State next)
    {
        _given = _text.Length - Rest.TrimStart().Length;
        if (Rest.IsEmpty)
            return false;
        _state = next;
        return true;
    }

    /// <summary>Gives what comes before the next tag that means something here.</summary>
    private bool Scan(OutputKind kind)
    {
        var (found, tag) = (Rest.Length, "");
        foreach (var candidate in TagsIn(kind))
        {
            if (Rest[..found].IndexOf(candidate, StringComparison.Ordinal) is >= 0 and var at)
                (found, tag) = (at, candidate);
        }

        if (tag.Length == 0)
        {
            GiveBefore(kind, Rest.Length - BeginningOfTag(kind));
            return false;
        }

        GiveBefore(kind, found);
        if (tag == AnswerTags.ThinkClose)
        {
            _given = _text.IndexOf(tag, _given, StringComparison.Ordinal) + tag.Length;
            _closesLate = false;
            _state = State.TextStart;
            return true;
        }

        _around = kind;
        _space = Rest.Length - Rest.TrimStart().Length;
        _state = State.Call;
        return true;
    }

    private string[] TagsIn(OutputKind kind) => kind is OutputKind.Reasoning ? _tagsOfReasoning
        : _closesLate ? [AnswerTags.ThinkClose, .. _tagsOfText]
        : _tagsOfText;

    private bool Call()
    {
        var reading = _calls!.Read(_text, _given + _space, _isWhole);
        if (reading.NeedsMore)
        {
            _read = (reading, Rest.Length);
            _last = _text[^Math.Min(Overlap, _text.Length)..];
            TellBegun();
            return false;
        }

        if (reading.Calls.Count == 0)
        {
            if (TellBegun() is { Calls.Count: > 0 } begun)
                return BreakOff(begun.End);
            // Only the tag's first character, so that whatever is behind it is looked at again.
            Give(_around, _space + 1);
            _state = _around is OutputKind.Reasoning ? State.Reasoning : State.Text;
            return true;
        }

        Give(reading);
        _closesLate |= _around is OutputKind.Reasoning;
        _state = State.TextStart;
        return true;
    }

    private void Give(CallReading reading)
    {
        var written = _text[(_given + _space)..reading.End];
        foreach (var call in _tellsCallsEarly ? [] : reading.Calls)
        {
            _pieces.Add(new OutputPiece(OutputKind.ToolCall, written, call));
            written = "";
        }

        if (_tellsCallsEarly)
            _told.Tell([.. reading.Calls.Select(call => call.Written)]);
        _told.Clear();
        _given = reading.End;
    }

    /// <summary>Whether the call has become none, of what has come since it was looked at: tells what else is certain of it.</summary>
    private bool IsMalformed()
    {
        var length = _text.Length - _given + _later.Length;
        if (!_tellsCallsEarly || Pace * (length - _followed) < length)
            return false;
        TakeLater();
        return TellBegun().IsMalformed;
    }

    /// <summary>Tells what is certain of the call.</summary>
    private BegunCalls TellBegun()
    {
        // A model thinks about calls, too.
        if (!_tellsCallsEarly || _around is OutputKind.Reasoning)
            return BegunCalls.None;
        _followed = Rest.Length;
        var begun = _calls!.Follow(_text, _given + _space);
        _told.Tell(begun.Calls);
        return begun;
    }

    /// <summary>Leaves a call that has begun and is none: at its end, where the answer ended in it, else where it ceases to be one.
    /// </summary>
    private bool BreakOff(int end)
    {
        EndsInCall = _isWhole && _calls!.Read(_text, _given + _space, isWhole: false).NeedsMore;
        _given = EndsInCall ? _text.Length : end;
        _told.Clear();
        _state = State.Text;
        return true;
    }

    /// <summary>Whether reading the call again may tell more: its end may have come, or so much that what is none may show it.</summary>
    private bool MayBeDecided(string piece)
    {
        if (_read.Reading.Awaits is not { } ends || _text.Length - _given + _later.Length >= 2 * _read.Length)
            return true;
        _last += piece;
        if (_last.AsSpan().ContainsAny(ends))
            return true;
        _last = _last[^Math.Min(Overlap, _last.Length)..];
        return false;
    }

    /// <summary>Length of an end that may begin a tag.</summary>
    private int BeginningOfTag(OutputKind kind)
    {
        var longest = 0;
        foreach (var tag in TagsIn(kind))
        {
            for (var length = Math.Min(tag.Length - 1, Rest.Length); length > longest; length--)
            {
                if (tag.AsSpan().StartsWith(Rest[^length..], StringComparison.Ordinal))
                    longest = length;
            }
        }

        return longest;
    }

    /// <summary>Gives what is before a place but for the white space right before it, which goes when a tag comes.</summary>
    private void GiveBefore(OutputKind kind, int place) => Give(kind, Rest[..place].TrimEnd().Length);

    private void Give(OutputKind kind, int length)
    {
        if (length > 0)
            _pieces.Add(new OutputPiece(kind, length == _text.Length ? _text : Rest[..length].ToString()));
        _given += length;
    }
}
