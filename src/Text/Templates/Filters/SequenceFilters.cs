using System.Numerics;

namespace AkkaCp.Text.Templates;

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
        return Sequences.Enumerate(context, subject).FirstOrDefault() ?? new UndefinedValue("no first item, the sequence is empty");
    }

    public static TemplateValue Last(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        arguments.Bind("last");
        var items = Sequences.Reversed(context, subject) ?? throw new TemplateError($"'{subject.TypeName}' has no last item");
        return items.FirstOrDefault() ?? new UndefinedValue("no last item, the sequence is empty");
    }

    public static TemplateValue Random(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        arguments.Bind("random");
        if (subject is not (SequenceValue or StringValue or BytesValue or UndefinedValue))
            throw new TemplateError($"random needs a sequence, found '{subject.TypeName}'");
        var count = Sequences.Length(context, subject);
        return count == 0
            ? new UndefinedValue("no random item, the sequence is empty")
            : Sequences.At(context, subject, System.Random.Shared.Next(count))!;
    }

    public static TemplateValue List(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        arguments.Bind("list");
        return new SequenceValue(Sequences.Iterate(context, subject));
    }

    /// <summary>Text turned round; of everything else an iterator from the end, or a list where only that can be turned.</summary>
    public static TemplateValue Reverse(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        arguments.Bind("reverse");
        if (subject is StringValue)
            return Slices.Cut(context, subject, SliceBounds.Backwards);
        return Sequences.Reversed(context, subject) is { } items
            ? context.Iterator(items, "reversed")
            : context.List([.. Sequences.Iterate(context, subject).Reverse()]);
    }

    /// <summary>default(value, default_value="", boolean=false): for what is undefined or, with boolean, for what is falsy.</summary>
    public static TemplateValue Default(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var bound = arguments.Bind("default", "default_value", "boolean");
        return subject is UndefinedValue || (bound[1].AsFlag() && !subject.IsTruthy) ? bound[0] ?? StringValue.Empty : subject;
    }

    /// <summary>attr(value, name): an attribute and never a key.</summary>
    public static TemplateValue Attribute(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var name = arguments.Bind("attr", "name")[0].AsText("attr", "name");
        if (subject is UndefinedValue undefined)
            throw new TemplateError(undefined.Reason);
        return Members.Own(subject, name) ?? UndefinedValue.Member(subject, name);
    }

    /// <summary>The entries of a mapping, one after the other.</summary>
    public static TemplateValue Items(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        arguments.Bind("items");
        return context.Iterator(Entries());

        IEnumerable<TemplateValue> Entries()
        {
            if (subject is UndefinedValue)
                yield break;
            if (subject is not MappingValue mapping)
                throw new TemplateError($"items needs a mapping, found '{subject.TypeName}'");
            foreach (var item in Sequences.Enumerate(context, new MappingViewValue(mapping, MappingView.Items)))
                yield return item;
        }
    }
}
