namespace AkkaCp.Text.Templates;

/// <summary>Python's split, rsplit and splitlines.</summary>
internal static class TextSplitting
{
    public static SequenceValue Split(RenderContext context, string text, CallArguments arguments, string name, bool fromEnd)
    {
        var bound = arguments.Bind(name, "sep", "maxsplit");
        var separator = bound[0].AsOptionalText(name, "sep");
        var most = bound[1].AsInteger(name, "maxsplit", -1);
        if (separator is { Length: 0 })
            throw new TemplateError($"{name}(): the separator is empty");
        context.Budget.Text((long)text.Length + (separator?.Length ?? 0));
        var parts = separator is null
            ? Words(context, text)
            : fromEnd ? PartsFromEnd(context, text, separator) : Parts(context, text, separator);
        if (most >= 0 && parts.Count > most)
            parts = Rejoin(text, parts, most, fromEnd);
        return context.List([.. parts.Select(part => context.Text(text[part]))]);
    }

    public static SequenceValue SplitLines(RenderContext context, string text, CallArguments arguments)
    {
        var keepsEnds = arguments.Bind("splitlines", "keepends")[0].AsInteger("splitlines", "keepends", 0) != 0;
        context.Budget.Text(text.Length);
        return context.List([.. Lines(text, keepsEnds).Select(line => context.Text(line))]);
    }

    /// <summary>partition(sep): what is before the separator, it, and what is after it;
    /// the text and two empty ones where it is not found.</summary>
    public static SequenceValue Partition(RenderContext context, TemplateValue subject, CallArguments arguments, string name, bool last)
    {
        var given = arguments.Exactly(name, 1)[0];
        var (text, separator) = (StringMethods.Text(subject), ((TemplateValue?)given).AsText(name, "sep"));
        if (separator.Length == 0)
            throw new TemplateError($"{name}(): the separator is empty");
        context.Budget.Text(2L * text.Length + separator.Length);
        var found = last ? TextSearch.LastIndexOf(text, separator) : TextSearch.IndexOf(text, separator);
        if (found < 0)
        {
            return last
                ? SequenceValue.Tuple(StringValue.Empty, StringValue.Empty, subject)
                : SequenceValue.Tuple(subject, StringValue.Empty, StringValue.Empty);
        }

        return SequenceValue.Tuple(new StringValue(text[..found]), given, new StringValue(text[(found + separator.Length)..]));
    }

    /// <summary>Lines without an empty one after the last line break.</summary>
    public static IEnumerable<string> Lines(string text, bool keepsEnds = false)
    {
        for (var start = 0; start < text.Length;)
        {
            var end = start;
            while (end < text.Length && !IsLineBreak(text[end]))
                end++;
            var next = end == text.Length ? end : end + (text[end] == '\r' && end + 1 < text.Length && text[end + 1] == '\n' ? 2 : 1);
            yield return text[start..(keepsEnds ? next : end)];
            start = next;
        }
    }

    private static bool IsLineBreak(char c) => c is >= '\n' and <= '\r' or >= '\x1c' and <= '\x1e' or '\x85' or '\u2028' or '\u2029';

    private static List<Range> Parts(RenderContext context, string text, string separator)
    {
        var parts = new List<Range>();
        var start = 0;
        for (var found = TextSearch.IndexOf(text, separator); found >= 0; found = TextSearch.IndexOf(text, separator, start))
        {
            context.Budget.Items(1);
            parts.Add(start..found);
            start = found + separator.Length;
        }

        parts.Add(start..text.Length);
        return parts;
    }

    /// <summary>Where separators overlap, those nearer the end count.</summary>
    private static List<Range> PartsFromEnd(RenderContext context, string text, string separator)
    {
        static string Reversed(string text) => string.Create(text.Length, text, static (span, text) =>
        {
            text.CopyTo(span);
            span.Reverse();
        });
        var parts = Parts(context, Reversed(text), Reversed(separator));
        parts.Reverse();
        return [.. parts.Select(part => (text.Length - part.End.Value)..(text.Length - part.Start.Value))];
    }

    private static List<Range> Words(RenderContext context, string text)
    {
        var words = new List<Range>();
        for (var start = PythonSpace.SkipForward(text, 0); start < text.Length;)
        {
            context.Budget.Items(1);
            var end = start;
            while (end < text.Length && !PythonSpace.IsSpace(text[end]))
                end++;
            words.Add(start..end);
            start = PythonSpace.SkipForward(text, end);
        }

        return words;
    }

    /// <summary>Puts the parts beyond the wanted number of cuts back together, at the end or, for rsplit, at the start.</summary>
    private static List<Range> Rejoin(string text, List<Range> parts, int most, bool fromEnd)
    {
        if (!fromEnd)
            return [.. parts.Take(most), parts[most].Start..text.Length];
        var first = parts.Count - most;
        return [0..parts[first - 1].End, .. parts.Skip(first)];
    }
}
