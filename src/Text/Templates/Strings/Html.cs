using System.Text;

namespace AkkaCp.Text.Templates;

/// <summary>Escaping for HTML as MarkupSafe does it, and back.</summary>
internal static class Html
{
    /// <summary>A Markup stays as it is; everything else by what it prints as, with &amp;, &lt;, &gt; and quotes escaped.</summary>
    public static MarkupValue Escape(RenderContext context, TemplateValue value)
    {
        if (value is MarkupValue markup)
            return markup;
        var text = PythonText.Str(context, value);
        var result = new BoundedText(context.Budget);
        var done = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var escape = text[i] switch { '&' => "&amp;", '<' => "&lt;", '>' => "&gt;", '\'' => "&#39;", '"' => "&#34;", _ => null };
            if (escape is null)
                continue;
            result.Append(text[done..i]);
            result.Append(escape);
            done = i + 1;
        }

        result.Append(text[done..]);
        return new MarkupValue(result.ToString());
    }

    /// <summary>The text without comments and tags, its white space single blanks, its entities characters.</summary>
    public static string StripTags(RenderContext context, string text)
    {
        context.Budget.Text(4L * text.Length);
        var words = WithoutTags(WithoutComments(text)).Split(PythonSpace.All, StringSplitOptions.RemoveEmptyEntries);
        return HtmlEntities.Unescape(context, string.Join(' ', words));
    }

    private static string WithoutComments(string text)
    {
        const string Open = "<!--";
        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            result.Append(text[i]);
            if (text[i] != '-' || result.Length < Open.Length || result.ToString(result.Length - Open.Length, Open.Length) != Open)
                continue;
            // The end may share the dashes of the beginning: "<!-->".
            var end = (Open[2..] + text[(i + 1)..Math.Min(text.Length, i + 3)]).IndexOf("-->", StringComparison.Ordinal) is var shared
                && shared >= 0
                ? i + 1 + shared
                : text.IndexOf("-->", i + 1, StringComparison.Ordinal) is var found && found >= 0 ? found + 3 : -1;
            if (end < 0)
                return result.Append(text, i + 1, text.Length - i - 1).ToString();
            result.Length -= Open.Length;
            i = end - 1;
        }

        return result.ToString();
    }

    private static string WithoutTags(string text)
    {
        var result = new StringBuilder(text.Length);
        var done = 0;
        for (var start = text.IndexOf('<'); start >= 0; start = text.IndexOf('<', done))
        {
            var end = text.IndexOf('>', start);
            if (end < 0)
                break;
            result.Append(text, done, start - done);
            done = end + 1;
        }

        return result.Append(text, done, text.Length - done).ToString();
    }
}
