namespace AkkaCp.Text.Templates;

/// <summary>White space as Python's <c>str.isspace</c> and its regular expressions know it.</summary>
internal static class PythonSpace
{
    /// <summary>All of it.</summary>
    public static char[] All { get; } = [.. Enumerable.Range(0, char.MaxValue).Select(c => (char)c).Where(IsSpace)];

    /// <remarks>Python counts the four information separators too, .NET does not.</remarks>
    public static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\x1c' and <= '\x1f';

    public static int SkipForward(string text, int offset)
    {
        while (offset < text.Length && IsSpace(text[offset]))
            offset++;
        return offset;
    }

    /// <summary>The end of <paramref name="text"/> without the white space at its end.</summary>
    public static int TrimmedEnd(ReadOnlySpan<char> text)
    {
        var end = text.Length;
        while (end > 0 && IsSpace(text[end - 1]))
            end--;
        return end;
    }
}
