namespace AkkaCp.Text.Templates;

/// <summary>Text by code points, as Python counts it; .NET's units are UTF-16.</summary>
internal static class CodePoints
{
    public static IEnumerable<TemplateValue> Of(string text)
    {
        for (var i = 0; i < text.Length;)
        {
            var length = char.IsSurrogatePair(text, i) ? 2 : 1;
            yield return new StringValue(text.Substring(i, length));
            i += length;
        }
    }

    public static int Count(RenderContext context, string text)
    {
        context.Budget.Text(text.Length);
        return Count(text);
    }

    public static int Count(ReadOnlySpan<char> text)
    {
        var count = text.Length;
        foreach (var c in text)
        {
            // Text holds whole surrogate pairs only, so each low half is one unit too many.
            if (char.IsLowSurrogate(c))
                count--;
        }

        return count;
    }

    public static CodePointStarts Starts(string text) => new(text);
}

/// <summary>Where each code point of a text begins; at the count, the text's end.</summary>
internal readonly struct CodePointStarts
{
    private readonly List<int>? _starts;

    public CodePointStarts(string text)
    {
        Count = text.Length;
        if (!text.AsSpan().ContainsAnyInRange('\ud800', '\udfff'))
            return;
        _starts = [];
        for (var i = 0; i < text.Length; i += char.IsSurrogatePair(text, i) ? 2 : 1)
            _starts.Add(i);
        Count = _starts.Count;
        _starts.Add(text.Length);
    }

    public int Count { get; }

    public int this[long index] => _starts is null ? (int)index : _starts[(int)index];
}
