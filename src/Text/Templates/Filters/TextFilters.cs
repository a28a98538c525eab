using System.Text;

namespace AkkaCp.Text.Templates;

/// <summary>Filters on text. Most take any value by what it prints as, and give Markup for Markup.</summary>
internal static class TextFilters
{
    public static TemplateValue Upper(RenderContext context, TemplateValue subject, CallArguments arguments) =>
        Change(context, subject, arguments, "upper", CaseMapping.Upper);

    public static TemplateValue Lower(RenderContext context, TemplateValue subject, CallArguments arguments) =>
        Change(context, subject, arguments, "lower", CaseMapping.Lower);

    public static TemplateValue Capitalize(RenderContext context, TemplateValue subject, CallArguments arguments) =>
        Change(context, subject, arguments, "capitalize", CaseMapping.Capitalize);

    /// <summary>Each word's first letter large, the rest small; words are parted by white space, hyphens and opening brackets.</summary>
    public static TemplateValue Title(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        arguments.Bind("title");
        return context.Text(TitleWords(PythonText.Soft(context, subject).Value));
    }

    public static TemplateValue ToText(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        arguments.Bind("string");
        return PythonText.Soft(context, subject);
    }

    public static TemplateValue Trim(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var chars = arguments.Bind("trim", "chars")[0].AsOptionalText("trim", "chars");
        var text = PythonText.Soft(context, subject);
        return text.With(StringMethods.Strip(context, text.Value, chars, atStart: true, atEnd: true));
    }

    /// <summary>center(value, width=80).</summary>
    public static TemplateValue Center(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var width = arguments.Bind("center", "width")[0] ?? new IntegerValue(80);
        var text = PythonText.Soft(context, subject);
        return text.With(StringMethods.Text(PaddingMethods.Center(context, text, new CallArguments([width], []))));
    }

    /// <summary>format(value, …): the % operator.</summary>
    public static TemplateValue Format(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        if (arguments.Positional.Count > 0 && arguments.Named.Count > 0)
            throw new TemplateError("format takes values in order or by name, not both");
        TemplateValue values = arguments.Named.Count > 0
            ? DictTypeValue.Make(context, arguments)
            : new SequenceValue(arguments.Positional, SequenceKind.Tuple);
        return PercentFormat.Apply(context, PythonText.Soft(context, subject), values);
    }

    /// <summary>replace(value, old, new, count=none).</summary>
    public static TemplateValue Replace(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var bound = arguments.Bind("replace", "old", "new", "count");
        var (old, with) = (bound[0].Required("replace", "old"), bound[1].Required("replace", "new"));
        var most = bound[2].AsOptionalInteger("replace", "count") ?? -1;
        if (!context.Escapes)
        {
            return new StringValue(StringMethods.Replace(
                context, PythonText.Str(context, subject), PythonText.Str(context, old), PythonText.Str(context, with), most));
        }

        var escapes = old is MarkupValue || (with is MarkupValue && subject is not MarkupValue);
        var text = escapes ? Html.Escape(context, subject) : PythonText.Soft(context, subject);
        var replacement = text is MarkupValue ? Html.Escape(context, with).Value : PythonText.Str(context, with);
        return text.With(StringMethods.Replace(context, text.Value, PythonText.Str(context, old), replacement, most));
    }

    /// <summary>indent(text, width=4, first=false, blank=false): white space before each line but the first and the empty ones.</summary>
    public static TemplateValue Indent(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var bound = arguments.Bind("indent", "width", "first", "blank");
        var indentation = Indentation(context, bound[0]);
        var (indentsFirst, indentsBlank) = (bound[1].AsFlag(), bound[2].AsFlag());
        if (subject is UndefinedValue undefined)
            throw new TemplateError(undefined.Reason);

        var result = new BoundedText(context.Budget);
        var isFirst = true;
        // Jinja adds a line break first, so that one at the end of the text stays.
        foreach (var line in TextSplitting.Lines(((TemplateValue?)subject).AsText("indent", "s") + "\n"))
        {
            if (!isFirst)
                result.Append('\n');
            if (isFirst ? indentsFirst : indentsBlank || line.Length > 0)
                result.Append(indentation);
            result.Append(line);
            isFirst = false;
        }

        return ((StringValue)subject).With(result.ToString());
    }

    /// <summary>truncate(text, length=255, killwords=false, end="...", leeway=5).</summary>
    public static TemplateValue Truncate(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var bound = arguments.Bind("truncate", "length", "killwords", "end", "leeway");
        long length = bound[0].AsInteger("truncate", "length", 255);
        var end = bound[2] ?? new StringValue("...");
        var leeway = bound[3].AsOptionalInteger("truncate", "leeway") ?? 5;
        var kept = length - Sequences.Length(context, end);
        if (kept < 0 || leeway < 0)
            throw new TemplateError("truncate: the length is below that of the end, or the leeway below zero");
        if (Sequences.Length(context, subject) <= length + leeway)
            return subject;
        if (subject is not StringValue text)
            throw new TemplateError($"truncate needs text, found '{subject.TypeName}'");
        var start = Slices.CutText(context, text.Value, SliceBounds.Before((int)kept));
        var cut = bound[1].AsFlag() ? -1 : start.LastIndexOf(' ');
        return Concatenation.Join(context, text.With(cut < 0 ? start : start[..cut]), end);
    }

    /// <summary>How many words: runs of letters, digits and underscores.</summary>
    public static TemplateValue WordCount(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        arguments.Bind("wordcount");
        var text = PythonText.Soft(context, subject).Value;
        context.Budget.Text(text.Length);
        var (count, inWord) = (0, false);
        foreach (var c in text.EnumerateRunes())
        {
            var belongs = UnicodeText.IsAlphanumeric(c) || c.Value == '_';
            count += belongs && !inWord ? 1 : 0;
            inWord = belongs;
        }

        return new IntegerValue(count);
    }

    private static string Indentation(RenderContext context, TemplateValue? width)
    {
        if (width is StringValue text)
            return text.Value;
        var count = Math.Max(0, width.AsInteger("indent", "width", 4));
        context.Budget.Text(count);
        return new string(' ', count);
    }

    private static StringValue Change(
        RenderContext context, TemplateValue subject, CallArguments arguments, string name, Func<string, string> change)
    {
        arguments.Bind(name);
        var text = PythonText.Soft(context, subject);
        context.Budget.Text(text.Value.Length);
        return text.With(context.Text(change(text.Value)).Value);
    }

    private static string TitleWords(string text)
    {
        static bool Separates(char c) => PythonSpace.IsSpace(c) || c is '-' or '(' or '{' or '[' or '<';
        var result = new StringBuilder(text.Length);
        for (var start = 0; start < text.Length;)
        {
            var end = start + 1;
            while (end < text.Length && Separates(text[end]) == Separates(text[start]))
                end++;
            var first = char.IsSurrogatePair(text, start) ? 2 : 1;
            result.Append(CaseMapping.Upper(text.Substring(start, first))).Append(CaseMapping.Lower(text[(start + first)..end]));
            start = end;
        }

        return result.ToString();
    }
}
