namespace AkkaCp.Engine.Chat;

/// <summary>
/// Looks for tags in a text of which more may come. Where the text ends before it can be told whether a tag is there, the answer is no and
/// <see cref="RanShort"/> is set: what was concluded since holds only when it is not.
/// </summary>
internal sealed class TagScanner(string text, int at, bool isWhole)
{
    /// <summary>The place of the next character.</summary>
    public int At { get; set; } = at;

    /// <summary>Whether an answer depended on text that has not come.</summary>
    public bool RanShort { get; private set; }

    /// <summary>Whether no character is left.</summary>
    public bool AtEnd => At >= text.Length;

    /// <summary>Whether a tag is here.</summary>
    public bool Is(string tag) => IsAt(At, tag);

    /// <summary>Whether a tag is behind the white space that begins at a place, or one of several is.</summary>
    public bool IsBehindSpace(int place, params ReadOnlySpan<string> tags)
    {
        while (place < text.Length && char.IsWhiteSpace(text[place]))
            place++;
        foreach (var tag in tags)
        {
            if (IsAt(place, tag))
                return true;
        }

        return isWhole && place == text.Length;
    }

    /// <summary>Goes behind a tag if it is here.</summary>
    public bool Take(string tag)
    {
        if (!Is(tag))
            return false;
        At += tag.Length;
        return true;
    }

    /// <summary>Goes behind white space.</summary>
    public void SkipSpace()
    {
        while (!AtEnd && char.IsWhiteSpace(text[At]))
            At++;
    }

    /// <summary>Goes to the next tag; false when there is none.</summary>
    public bool FindTag()
    {
        var found = text.IndexOf('<', At);
        RanShort |= found < 0 && !isWhole;
        At = found < 0 ? text.Length : found;
        return found >= 0;
    }

    /// <summary>Takes a name and the <c>&gt;</c> behind it; null where none is.</summary>
    public string? TakeName()
    {
        var end = text.AsSpan(At).IndexOfAny('>', '<', '\n');
        if (end < 0 && !isWhole)
            RanShort = true;
        if (end < 0 || text[At + end] != '>' || text.AsSpan(At, end).IsWhiteSpace())
            return null;
        var name = text.Substring(At, end).Trim();
        At += end + 1;
        return name;
    }

    private bool IsAt(int place, string tag)
    {
        var rest = text.AsSpan(place);
        if (rest.StartsWith(tag, StringComparison.Ordinal))
            return true;
        RanShort |= !isWhole && rest.Length < tag.Length && tag.AsSpan().StartsWith(rest, StringComparison.Ordinal);
        return false;
    }
}
