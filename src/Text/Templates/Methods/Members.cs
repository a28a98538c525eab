using System.Collections.Frozen;
using System.Numerics;

namespace AkkaCp.Text.Templates;

/// <summary>What a.name and a[key] give. As in Jinja, the dot finds methods before keys, the bracket keys before methods.</summary>
internal static class Members
{
    /// <summary>The methods that change a list or dict. They hide keys of their name from the dot, but cannot be used.</summary>
    private static readonly FrozenSet<string> s_changesList =
        FrozenSet.Create("append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove");

    private static readonly FrozenSet<string> s_changesMapping = FrozenSet.Create("clear", "pop", "popitem", "setdefault", "update");

    public static TemplateValue Attribute(TemplateValue target, string name)
    {
        if (target is UndefinedValue undefined)
            throw new TemplateError(undefined.Reason);
        if (IsHidden(target, name))
            return new UndefinedValue($"access to attribute '{name}' of '{target.TypeName}' object is unsafe");
        return Own(target, name) ?? (target as MappingValue)?.Find(name) ?? UndefinedValue.Member(target, name);
    }

    public static TemplateValue Item(RenderContext context, TemplateValue target, TemplateValue key)
    {
        context.Budget.Key(key);
        switch (target, key)
        {
            case (UndefinedValue undefined, _):
                throw new TemplateError(undefined.Reason);
            case (MappingValue mapping, _) when KeyComparer.CanBeKey(key) && mapping.Entries.TryGetValue(key, out var value):
                return value;
            case (SequenceValue or StringValue or BytesValue, IntegerValue or BooleanValue):
                return Sequences.At(context, target, Numbers.ToInteger((NumberValue)key))
                    ?? UndefinedValue.Member(target, PythonText.Str(context, key));
            case (_, StringValue name) when !IsHidden(target, name.Value):
                return Own(target, name.Value) ?? UndefinedValue.Member(target, name.Value);
            default:
                return UndefinedValue.Member(target, key);
        }
    }

    /// <summary>An attribute or method that the value has of its own, keys aside: what the filter attr finds.</summary>
    public static TemplateValue? Own(TemplateValue target, string name)
    {
        if (MethodTables.Find(target, name) is { } operation)
            return new BuiltinValue(operation, target);
        return target switch
        {
            ObjectValue value => value.Attribute(name),
            SequenceValue sequence => sequence.Attribute(name),
            NumberValue number => NumberMethods.Attribute(number, name),
            _ => null,
        };
    }

    private static bool IsHidden(TemplateValue target, string name) => target switch
    {
        SequenceValue { Kind: SequenceKind.List } => s_changesList.Contains(name),
        MappingValue => s_changesMapping.Contains(name),
        _ => false,
    };

    /// <summary>
    /// The value at a path like "function.name" or "0.id", item by item: what filters mean by "attribute". Where a step finds
    /// nothing, <paramref name="absent"/> is taken and the path goes on from it.
    /// </summary>
    public static TemplateValue Path(RenderContext context, TemplateValue target, TemplateValue path, TemplateValue? absent = null)
    {
        foreach (var part in PathParts(context, path))
        {
            target = Item(context, target, part);
            if (absent is not null and not NoneValue && target is UndefinedValue)
                target = absent;
        }

        return target;
    }

    private static IReadOnlyList<TemplateValue> PathParts(RenderContext context, TemplateValue path)
    {
        if (path is NoneValue)
            return [];
        if (path is not StringValue text)
            return [path];
        context.Budget.Key(path);
        context.Budget.Items(text.Value.AsSpan().Count('.') + 1);
        return [.. text.Value.Split('.').Select(PathPart)];
    }

    private static TemplateValue PathPart(string part) => part.Length is > 0 and < NumberValue.MaxDigits && part.All(char.IsAsciiDigit)
        ? new IntegerValue(BigInteger.Parse(part, System.Globalization.CultureInfo.InvariantCulture))
        : new StringValue(part);
}
