namespace AkkaCp.Text.Templates;

/// <summary>A template is wrong, was given wrong input, refused it by <c>raise_exception</c>, or used more than its limits.</summary>
public sealed class TemplateException : Exception
{
    internal TemplateException(string template, int line, int column, string reason, Exception? inner = null)
        : base(FormattableString.Invariant($"{template}:{line}:{column}: {reason}"), inner)
    {
        Template = template;
        Line = line;
        Column = column;
        Reason = reason;
    }

    /// <summary>Name of the template, as given to <see cref="ChatTemplate.Parse"/>; a file's path after
    /// <see cref="ChatTemplate.Load"/>.</summary>
    public string Template { get; }

    /// <summary>Line in the template, from 1.</summary>
    public int Line { get; }

    /// <summary>Column in the line in UTF-16 units, from 1.</summary>
    public int Column { get; }

    /// <summary>What is wrong, without the place; the template's own text where it called <c>raise_exception</c>.</summary>
    public string Reason { get; }
}
