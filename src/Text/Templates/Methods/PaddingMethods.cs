namespace AkkaCp.Text.Templates;

/// <summary>The methods of str that make it wider.</summary>
internal static class PaddingMethods
{
    public static TemplateValue Center(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var (text, missing, width, fill) = Read(context, subject, arguments, "center");
        var left = missing / 2 + (missing & width & 1);
        return Padded(context, text, fill, left, missing - left);
    }

    public static TemplateValue Justify(RenderContext context, TemplateValue subject, CallArguments arguments, string name, bool left)
    {
        var (text, missing, _, fill) = Read(context, subject, arguments, name);
        return left ? Padded(context, text, fill, 0, missing) : Padded(context, text, fill, missing, 0);
    }

    /// <summary>Zeros before a number, behind its sign.</summary>
    public static TemplateValue ZeroFill(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var width = ((TemplateValue?)arguments.Exactly("zfill", 1)[0]).AsInteger("zfill", "width", 0);
        var text = StringMethods.Text(subject);
        var missing = Math.Max(0, width - CodePoints.Count(context, text));
        var signed = missing > 0 && text.Length > 0 && text[0] is '+' or '-';
        var result = new BoundedText(context.Budget);
        result.Append(signed ? text[..1] : "");
        result.Append('0', missing);
        result.Append(signed ? text[1..] : text);
        return result.ToValue();
    }

    /// <summary>Blanks up to the next multiple of the tab size, counted from the line's start.</summary>
    public static TemplateValue ExpandTabs(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var size = arguments.Bind("expandtabs", "tabsize")[0].AsInteger("expandtabs", "tabsize", 8);
        var result = new BoundedText(context.Budget);
        var column = 0L;
        foreach (var c in StringMethods.Text(subject).EnumerateRunes())
        {
            if (c.Value == '\t')
            {
                var blanks = size > 0 ? (int)(size - column % size) : 0;
                result.Append(' ', blanks);
                column += blanks;
                continue;
            }

            column = c.Value is '\n' or '\r' ? 0 : column + 1;
            result.Append(c.ToString());
        }

        return result.ToValue();
    }

    private static (string Text, int Missing, int Width, string Fill) Read(
        RenderContext context, TemplateValue subject, CallArguments arguments, string name)
    {
        var bound = arguments.Between(name, 1, 2);
        var width = bound[0].AsInteger(name, "width", 0);
        var fill = bound[1] is null ? " " : bound[1].AsText(name, "fillchar");
        if (CodePoints.Count(fill) != 1)
            throw new TemplateError($"{name}(): the fill character must be one character");
        var text = StringMethods.Text(subject);
        return (text, Math.Max(0, width - CodePoints.Count(context, text)), width, fill);
    }

    private static StringValue Padded(RenderContext context, string text, string fill, int before, int after)
    {
        context.Budget.Text(text.Length + (long)fill.Length * ((long)before + after));
        string Filling(int count) => fill.Length == 1 ? new string(fill[0], count) : string.Concat(Enumerable.Repeat(fill, count));
        return new StringValue(Filling(before) + text + Filling(after));
    }
}
