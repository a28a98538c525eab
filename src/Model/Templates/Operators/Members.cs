using System.Numerics;

namespace AkkaCp.Model.Templates;

/// <summary>What a.name and a[key] give. As in Jinja, the dot finds methods before keys, the bracket keys before methods.</summary>
internal static class Members
{
    public static TemplateValue Attribute(TemplateValue target, string name)
    {
        if (target is UndefinedValue undefined)
            throw new TemplateError(undefined.Reason);
        return (TemplateValue?)Method(target, name) ?? Key(target, name) ?? UndefinedValue.Member(target, name);
    }

    public static TemplateValue Item(RenderContext context, TemplateValue target, TemplateValue key)
    {
        context.Budget.Key(key);
        switch (target, key)
        {
            case (UndefinedValue undefined, _):
                throw new TemplateError(undefined.Reason);
            case (MappingValue mapping, _) when mapping.Entries.TryGetValue(key, out var value):
                return value;
            case (SequenceValue or StringValue, IntegerValue or BooleanValue):
                return Sequences.At(context, target, Arithmetic.ToInteger((NumberValue)key))
                    ?? UndefinedValue.Member(target, PythonText.Str(context, key));
            case (_, StringValue name):
                return Key(target, name.Value) ?? (TemplateValue?)Method(target, name.Value) ?? UndefinedValue.Member(target, name.Value);
            default:
                return UndefinedValue.Member(target, PythonText.Str(context, key));
        }
    }

    private static BuiltinValue? Method(TemplateValue target, string name)
    {
        var table = target switch
        {
            StringValue => StringMethods.Table,
            MappingValue => CollectionMethods.OfMapping,
            SequenceValue => CollectionMethods.OfSequence,
            _ => null,
        };
        return table is not null && table.TryGetValue(name, out var operation) ? new BuiltinValue(operation, target) : null;
    }

    private static TemplateValue? Key(TemplateValue target, string name) => target switch
    {
        MappingValue mapping => mapping.Find(name),
        NamespaceValue scope => scope.Attributes.GetValueOrDefault(name),
        LoopValue loop => loop.Attribute(name),
        _ => null,
    };

    /// <summary>The value at a path like "function.name" or "0.id", item by item: what filters mean by "attribute".</summary>
    public static TemplateValue Path(RenderContext context, TemplateValue target, TemplateValue path)
    {
        if (path is not StringValue text)
            return Item(context, target, path);
        context.Budget.Key(path);
        context.Budget.Items(text.Value.AsSpan().Count('.') + 1);
        foreach (var part in text.Value.Split('.'))
        {
            TemplateValue key = part.Length is > 0 and < 10 && part.All(char.IsAsciiDigit)
                ? new IntegerValue(BigInteger.Parse(part, System.Globalization.CultureInfo.InvariantCulture))
                : new StringValue(part);
            target = Item(context, target, key);
        }

        return target;
    }
}
