using System.Buffers;

namespace AkkaCp.Text.Templates;

/// <summary>Filters that make Markup, or text for it.</summary>
internal static class MarkupFilters
{
    /// <summary>Characters that would end an attribute's name.</summary>
    private static readonly SearchValues<char> s_notInName = SearchValues.Create(" \t\n\r\f\v/>=");

    public static TemplateValue Safe(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        arguments.Bind("safe");
        return subject as MarkupValue ?? new MarkupValue(PythonText.Str(context, subject));
    }

    public static TemplateValue Escape(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        arguments.Bind("escape");
        return Html.Escape(context, subject);
    }

    /// <summary>Escapes a Markup too.</summary>
    public static TemplateValue ForceEscape(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        arguments.Bind("forceescape");
        return Html.Escape(context, new StringValue(PythonText.Str(context, subject)));
    }

    public static TemplateValue StripTags(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        arguments.Bind("striptags");
        return context.Text(Html.StripTags(context, PythonText.Str(context, subject)));
    }

    /// <summary>xmlattr(mapping, autospace=true): name="value" of each entry that is not none or undefined.</summary>
    public static TemplateValue XmlAttributes(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var autospace = arguments.Bind("xmlattr", "autospace")[0].AsFlag(absent: true);
        if (subject is not MappingValue mapping)
            throw new TemplateError($"xmlattr needs a mapping, found '{subject.TypeName}'");
        var result = new BoundedText(context.Budget);
        var separator = autospace ? " " : "";
        foreach (var (key, value) in mapping.Entries)
        {
            if (value is NoneValue or UndefinedValue)
                continue;
            var name = ((TemplateValue?)key).AsText("xmlattr", "key");
            if (name.AsSpan().ContainsAny(s_notInName))
                throw new TemplateError($"xmlattr: invalid character in the attribute name '{name}'");
            result.Append(separator);
            result.Append($"{Html.Escape(context, key).Value}=\"{Html.Escape(context, value).Value}\"");
            separator = " ";
        }

        return context.Escapes ? new MarkupValue(result.ToString()) : result.ToValue();
    }
}
