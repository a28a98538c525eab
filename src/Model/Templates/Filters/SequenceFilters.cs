using System.Numerics;

namespace AkkaCp.Model.Templates;

/// <summary>Filters on lists and on what may be absent.</summary>
internal static class SequenceFilters
{
    public static TemplateValue Length(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        arguments.Bind("length");
        return new IntegerValue(new BigInteger(Sequences.Length(context, subject)));
    }

    public static TemplateValue First(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        arguments.Bind("first");
        return Sequences.Iterate(context, subject) is [var first, ..] ? first : new UndefinedValue("no first item, the sequence is empty");
    }

    public static TemplateValue Last(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        arguments.Bind("last");
        return Sequences.Iterate(context, subject) is [.., var last] ? last : new UndefinedValue("no last item, the sequence is empty");
    }

    public static TemplateValue List(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        arguments.Bind("list");
        return new SequenceValue(Sequences.Iterate(context, subject));
    }

    /// <summary>default(value, default_value="", boolean=false): for what is undefined or, with boolean, for what is falsy.</summary>
    public static TemplateValue Default(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var bound = arguments.Bind("default", "default_value", "boolean");
        return subject is UndefinedValue || (bound[1].AsFlag() && !subject.IsTruthy) ? bound[0] ?? StringValue.Empty : subject;
    }

    public static TemplateValue Items(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        arguments.Bind("items");
        return subject switch
        {
            MappingValue mapping => CollectionMethods.Items(context, mapping),
            UndefinedValue => new SequenceValue([]),
            _ => throw new TemplateError($"items needs a mapping, found '{subject.TypeName}'"),
        };
    }

    /// <summary>join(value, d="", attribute=none).</summary>
    public static TemplateValue Join(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var bound = arguments.Bind("join", "d", "attribute");
        var separator = bound[0] is null ? "" : PythonText.Str(context, bound[0]!);
        if (bound[1] is null or NoneValue)
            return JoinTexts(context, Sequences.Iterate(context, subject), separator);
        return JoinTexts(context, Sequences.Iterate(context, subject).Select(item => Members.Path(context, item, bound[1]!)), separator);
    }

    /// <summary>The method of str, which takes nothing but strings.</summary>
    public static TemplateValue JoinWith(RenderContext context, TemplateValue subject, string separator)
    {
        var items = Sequences.Iterate(context, subject);
        var other = items.FirstOrDefault(item => item is not StringValue);
        return other is null
            ? JoinTexts(context, items, separator)
            : throw new TemplateError($"join(): expected strings, found '{other.TypeName}'");
    }

    private static StringValue JoinTexts(RenderContext context, IEnumerable<TemplateValue> items, string separator)
    {
        var result = new BoundedText(context.Budget);
        var isFirst = true;
        foreach (var item in items)
        {
            if (!isFirst)
                result.Append(separator);
            result.Append(PythonText.Str(context, item));
            isFirst = false;
        }

        return result.ToValue();
    }
}
