using AkkaCp.Engine.Prompting;

namespace AkkaCp.Engine.Generation;

/// <summary>
/// Stop strings of a chat's answer: they apply behind the reasoning, which goes through untouched. It begins in the prompt, or the answer
/// opens it as its first word; what is not known to be one or the other yet is held back.
/// </summary>
internal sealed class AnswerStops
{
    private readonly StopStringFilter _filter;
    private State _state;
    private string _held = "";

    /// <param name="stops">Non-empty strings.</param>
    /// <param name="start">Where the answer begins.</param>
    public AnswerStops(IEnumerable<string> stops, AnswerStart start)
    {
        _filter = new StopStringFilter(stops);
        _state = start switch
        {
            AnswerStart.Reasoning => State.Reasoning,
            AnswerStart.Chat => State.Start,
            _ => State.Text,
        };
    }

    private enum State
    {
        Start,
        Reasoning,
        Text,
    }

    /// <summary>Whether a stop string was met: the text is at its end.</summary>
    public bool Stopped => _filter.Stopped;

    /// <summary>Takes the next piece; gives what may be shown now.</summary>
    public string Push(string piece)
    {
        if (_state is State.Start)
            piece = Begin(_held + piece);
        return _state switch
        {
            State.Start => "",
            State.Reasoning => Think(piece),
            _ => _filter.Push(piece),
        };
    }

    /// <summary>The text is over: gives what was held back.</summary>
    public string Flush()
    {
        if (_state is not State.Start)
            return _filter.Flush();
        _state = State.Text;
        return _filter.Push(_held) + _filter.Flush();
    }

    private string Begin(string text)
    {
        var word = text.AsSpan().TrimStart();
        if (word.StartsWith(AnswerTags.ThinkOpen, StringComparison.Ordinal))
            _state = State.Reasoning;
        else if (!AnswerTags.ThinkOpen.AsSpan().StartsWith(word, StringComparison.Ordinal))
            _state = State.Text;
        _held = _state is State.Start ? text : "";
        return text;
    }

    /// <summary>Lets the reasoning through; <see cref="_held"/> is its end, already given, in which the closing tag may begin.</summary>
    private string Think(string piece)
    {
        var seen = _held + piece;
        var close = seen.IndexOf(AnswerTags.ThinkClose, StringComparison.Ordinal);
        if (close < 0)
        {
            _held = seen[^Math.Min(seen.Length, AnswerTags.ThinkClose.Length - 1)..];
            return piece;
        }

        var thought = close + AnswerTags.ThinkClose.Length - _held.Length;
        (_state, _held) = (State.Text, "");
        return piece[..thought] + _filter.Push(piece[thought..]);
    }
}

/// <summary>Where an answer begins.</summary>
internal enum AnswerStart
{
    /// <summary>Behind a raw prompt: all of it is text.</summary>
    Text,

    /// <summary>Behind a conversation: it may open reasoning itself.</summary>
    Chat,

    /// <summary>In the reasoning that the prompt opened.</summary>
    Reasoning,
}
