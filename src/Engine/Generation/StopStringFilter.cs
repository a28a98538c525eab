using AkkaCp.Engine.Prompting;

namespace AkkaCp.Engine.Generation;

/// <summary>
/// Ends a text before the first stop string, wherever its pieces begin and end. Text that may be the beginning of a stop string
/// is held back until it is known not to be one. Of several strings the one that is complete first counts; of those complete at
/// the same character, the longest: so the result does not depend on the pieces.
/// </summary>
internal sealed class StopStringFilter
{
    private readonly string[] _stops;
    private string _held = "";

    /// <param name="stops">Non-empty strings; lone surrogates count as U+FFFD, as everywhere in text.</param>
    public StopStringFilter(IEnumerable<string> stops) => _stops = [.. stops.Select(WellFormedJson.Text)];

    /// <summary>Whether a stop string was met: the text is at its end.</summary>
    public bool Stopped { get; private set; }

    /// <summary>Takes the next piece; gives what may be shown now.</summary>
    public string Push(string piece)
    {
        if (Stopped || piece.Length == 0)
            return "";
        var text = _held + piece;
        if (FirstStop(text) is { } start)
        {
            Stopped = true;
            _held = "";
            return text[..start];
        }

        var kept = _stops.Length == 0 ? 0 : LongestBeginning(text);
        _held = text[^kept..];
        return text[..^kept];
    }

    /// <summary>The text is over: gives what was held back.</summary>
    public string Flush()
    {
        var rest = _held;
        _held = "";
        return rest;
    }

    private int? FirstStop(string text)
    {
        var (start, end) = (-1, int.MaxValue);
        foreach (var stop in _stops)
        {
            var found = text.IndexOf(stop, StringComparison.Ordinal);
            if (found < 0)
                continue;
            var foundEnd = found + stop.Length;
            if (foundEnd < end || (foundEnd == end && found < start))
                (start, end) = (found, foundEnd);
        }

        return start < 0 ? null : start;
    }

    /// <summary>Length of the longest end of the text that is a proper beginning of a stop string.</summary>
    private int LongestBeginning(string text)
    {
        var longest = 0;
        foreach (var stop in _stops)
        {
            for (var length = Math.Min(stop.Length - 1, text.Length); length > longest; length--)
            {
                if (text.AsSpan(text.Length - length).SequenceEqual(stop.AsSpan(0, length)))
                {
                    longest = length;
                    break;
                }
            }
        }

        return longest;
    }
}
