namespace AkkaCp.Text.Templates;

/// <summary>The methods of str that look for a text in a part of it, from a start to an end.</summary>
internal static class SearchMethods
{
    public static IntegerValue Find(RenderContext context, TemplateValue subject, CallArguments arguments, string name, bool last)
    {
        var (part, text, start) = Window(context, subject, arguments, name);
        var wanted = part.AsText(name, "sub");
        if (text is null)
            return new IntegerValue(-1);
        context.Budget.Text((long)text.Length + wanted.Length);
        var offset = last ? TextSearch.LastIndexOf(text, wanted) : TextSearch.IndexOf(text, wanted);
        return new IntegerValue(offset < 0 ? -1 : start + CodePoints.Count(text.AsSpan(0, offset)));
    }

    public static IntegerValue Index(RenderContext context, TemplateValue subject, CallArguments arguments, string name, bool last)
    {
        var found = Find(context, subject, arguments, name, last);
        return found.Value.Sign >= 0 ? found : throw new TemplateError($"{name}(): the text is not found");
    }

    public static TemplateValue Count(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var (part, text, _) = Window(context, subject, arguments, "count");
        var wanted = part.AsText("count", "sub");
        if (text is null)
            return new IntegerValue(0);
        context.Budget.Text((long)text.Length + wanted.Length);
        if (wanted.Length == 0)
            return new IntegerValue(CodePoints.Count(text) + 1);
        var count = 0;
        for (var found = TextSearch.IndexOf(text, wanted); found >= 0; found = TextSearch.IndexOf(text, wanted, found + wanted.Length))
            count++;
        return new IntegerValue(count);
    }

    /// <remarks>Python lets one ask for several affixes at once with a tuple.</remarks>
    public static BooleanValue HasAffix(
        RenderContext context, TemplateValue subject, CallArguments arguments, string name, Func<string, string, bool> has)
    {
        var (wanted, text, _) = Window(context, subject, arguments, name);
        if (wanted is not SequenceValue { Kind: SequenceKind.Tuple } several)
            return BooleanValue.Of(wanted.AsText(name, "affix") is var affix && text is not null && has(text, affix));
        return BooleanValue.Of(Sequences.Enumerate(context, several)
            .Any(part => ((TemplateValue?)part).AsText(name, "affix") is var affix && text is not null && has(text, affix)));
    }

    /// <summary>The text between start and end, null where the end comes first; and what is looked for there.</summary>
    private static (TemplateValue? Part, string? Text, int Start) Window(
        RenderContext context, TemplateValue subject, CallArguments arguments, string name)
    {
        var bound = arguments.Between(name, 1, 3);
        var text = StringMethods.Text(subject);
        var (start, end) = (bound[1].AsOptionalInteger(name, "start"), bound[2].AsOptionalInteger(name, "end"));
        if (start is null && end is null)
            return (bound[0], text, 0);
        var starts = CodePoints.Starts(text);
        context.Budget.Text(text.Length);
        var from = Clamped(start ?? 0, starts.Count, int.MaxValue);
        var to = Clamped(end ?? starts.Count, starts.Count, starts.Count);
        return (bound[0], from <= to ? text[starts[from]..starts[to]] : null, (int)from);
    }

    private static long Clamped(long index, int count, long most) => Math.Clamp(index < 0 ? index + count : index, 0, most);
}
