using System.Text;

namespace AkkaCp.Text.Templates;

/// <summary>urlencode: text for a URL's path, or a query of pairs.</summary>
internal static class UrlFilters
{
    public static TemplateValue Encode(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        arguments.Bind("urlencode");
        if (subject is StringValue || !Sequences.IsIterable(subject))
            return new StringValue(Quoted(context, subject, keepsSlash: true));
        var items = subject is MappingValue mapping ? new MappingViewValue(mapping, MappingView.Items) : subject;
        var result = new BoundedText(context.Budget);
        var separator = "";
        foreach (var item in Sequences.Enumerate(context, items))
        {
            if (Sequences.Iterate(context, item) is not [var key, var value])
                throw new TemplateError("urlencode needs pairs of a key and a value");
            result.Append(separator);
            result.Append(InQuery(context, key) + "=" + InQuery(context, value));
            separator = "&";
        }

        return result.ToValue();
    }

    private static string InQuery(RenderContext context, TemplateValue value) =>
        Quoted(context, value, keepsSlash: false).Replace("%20", "+", StringComparison.Ordinal);

    private static string Quoted(RenderContext context, TemplateValue value, bool keepsSlash)
    {
        var bytes = value is BytesValue raw ? raw.Bytes : Encoding.UTF8.GetBytes(PythonText.Str(context, value));
        var result = new BoundedText(context.Budget);
        foreach (var b in bytes)
        {
            if (char.IsAsciiLetterOrDigit((char)b) || (char)b is '_' or '.' or '-' or '~' || (keepsSlash && b == '/'))
                result.Append((char)b);
            else
                result.Append($"%{b:X2}");
        }

        return result.ToString();
    }
}
