namespace AkkaCp.Text.Templates;

/// <summary>join(value, d="", attribute=none).</summary>
internal static class JoinFilter
{
    public static TemplateValue Join(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var bound = arguments.Bind("join", "d", "attribute");
        var separator = bound[0] ?? StringValue.Empty;
        var items = Sequences.Enumerate(context, subject).Select(item => Members.Path(context, item, bound[1] ?? NoneValue.Instance));
        if (!context.Escapes)
            return new StringValue(Texts(context, items, item => PythonText.Str(context, item), PythonText.Str(context, separator)));

        // Where values are escaped, one Markup makes the whole one, and the rest is escaped.
        List<TemplateValue> all = [.. items];
        if (separator is not MarkupValue && !all.Exists(item => item is MarkupValue))
            return new StringValue(Texts(context, all, item => PythonText.Str(context, item), PythonText.Str(context, separator)));
        var between = Html.Escape(context, separator).Value;
        return new MarkupValue(Texts(context, all, item => Html.Escape(context, item).Value, between));
    }

    private static string Texts(RenderContext context, IEnumerable<TemplateValue> items, Func<TemplateValue, string> text, string separator)
    {
        var result = new BoundedText(context.Budget);
        var isFirst = true;
        foreach (var item in items)
        {
            if (!isFirst)
                result.Append(separator);
            result.Append(text(item));
            isFirst = false;
        }

        return result.ToString();
    }
}
