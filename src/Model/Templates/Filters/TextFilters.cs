using System.Text;

namespace AkkaCp.Model.Templates;

/// <summary>Filters on text. They take any value by what it prints as.</summary>
internal static class TextFilters
{
    public static TemplateValue Upper(RenderContext context, TemplateValue subject, CallArguments arguments) =>
        Change(context, subject, arguments, "upper", StringMethods.Upper);

    public static TemplateValue Lower(RenderContext context, TemplateValue subject, CallArguments arguments) =>
        Change(context, subject, arguments, "lower", StringMethods.Lower);

    public static TemplateValue Capitalize(RenderContext context, TemplateValue subject, CallArguments arguments) =>
        Change(context, subject, arguments, "capitalize", StringMethods.Capitalize);

    /// <summary>Each word's first letter large, the rest small; words are parted by white space, hyphens and opening brackets.</summary>
    public static TemplateValue Title(RenderContext context, TemplateValue subject, CallArguments arguments) =>
        Change(context, subject, arguments, "title", TitleWords);

    public static TemplateValue ToText(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        arguments.Bind("string");
        return context.Text(PythonText.Str(context, subject));
    }

    public static TemplateValue Trim(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var chars = arguments.Bind("trim", "chars")[0].AsOptionalText("trim", "chars");
        return StringMethods.Strip(context, PythonText.Str(context, subject), chars, atStart: true, atEnd: true);
    }

    public static TemplateValue Escape(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        arguments.Bind("escape");
        var result = new BoundedText(context.Budget);
        foreach (var c in PythonText.Str(context, subject))
            result.Append(c switch { '&' => "&amp;", '<' => "&lt;", '>' => "&gt;", '\'' => "&#39;", '"' => "&#34;", _ => c.ToString() });
        return result.ToValue();
    }

    /// <summary>indent(text, width=4, first=false, blank=false): white space before each line but the first and the empty ones.</summary>
    public static TemplateValue Indent(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var bound = arguments.Bind("indent", "width", "first", "blank");
        var indentation = Indentation(context, bound[0]);
        var (indentsFirst, indentsBlank) = (bound[1].AsFlag(), bound[2].AsFlag());

        var result = new BoundedText(context.Budget);
        var isFirst = true;
        // Jinja adds a line break first, so that one at the end of the text stays.
        foreach (var line in TextSplitting.Lines(PythonText.Str(context, subject) + "\n"))
        {
            if (!isFirst)
                result.Append('\n');
            if (isFirst ? indentsFirst : indentsBlank || line.Length > 0)
                result.Append(indentation);
            result.Append(line);
            isFirst = false;
        }

        return result.ToValue();
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
        return context.Text(change(PythonText.Str(context, subject)));
    }

    private static string TitleWords(string text)
    {
        var result = new StringBuilder(text.Length);
        var begins = true;
        foreach (var c in text)
        {
            result.Append(begins ? char.ToUpperInvariant(c) : char.ToLowerInvariant(c));
            begins = PythonSpace.IsSpace(c) || c is '-' or '(' or '{' or '[' or '<';
        }

        return result.ToString();
    }
}
