namespace AkkaCp.Model.Templates;

/// <summary>Python's comparisons. Nested values are compared within the rendering's budget.</summary>
internal static class Comparison
{
    public static bool Apply(RenderContext context, string op, TemplateValue left, TemplateValue right) => op switch
    {
        "==" => AreEqual(context, left, right),
        "!=" => !AreEqual(context, left, right),
        "in" => Contains(context, right, left),
        "not in" => !Contains(context, right, left),
        "<" => Order(context, left, right) is < 0,
        "<=" => Order(context, left, right) is <= 0,
        ">" => Order(context, left, right) is > 0,
        _ => Order(context, left, right) is >= 0,
    };

    public static bool AreEqual(RenderContext context, TemplateValue left, TemplateValue right)
    {
        switch (left, right)
        {
            case (StringValue a, StringValue b):
                context.Budget.Text(Math.Min(a.Value.Length, b.Value.Length));
                return a.Value == b.Value;
            case (NumberValue a, NumberValue b):
                return Arithmetic.CompareNumbers(a, b) == 0;
            case (UndefinedValue, UndefinedValue):
                return true;
            case (SequenceValue a, SequenceValue b):
                return a.IsTuple == b.IsTuple && a.Items.Count == b.Items.Count && Nested(context, () => ItemsAreEqual(context, a, b));
            case (MappingValue a, MappingValue b):
                return a.Entries.Count == b.Entries.Count && Nested(context, () => EntriesAreEqual(context, a, b));
            default:
                return ReferenceEquals(left, right);
        }
    }

    public static bool Contains(RenderContext context, TemplateValue container, TemplateValue item)
    {
        switch (container)
        {
            case StringValue text when item is StringValue part:
                context.Budget.Text((long)text.Value.Length + part.Value.Length);
                return TextSearch.IndexOf(text.Value, part.Value) >= 0;
            case StringValue:
                throw new TemplateError($"'in' a string needs a string on its left, found '{item.TypeName}'");
            case MappingValue mapping:
                context.Budget.Key(item);
                return mapping.Entries.ContainsKey(item);
            case SequenceValue or UndefinedValue:
                return Sequences.Iterate(context, container).Any(other => AreEqual(context, other, item));
            default:
                throw new TemplateError($"'in' needs a container on its right, found '{container.TypeName}'");
        }
    }

    /// <summary>Negative, zero or positive; null where a NaN is compared.</summary>
    public static int? Order(RenderContext context, TemplateValue left, TemplateValue right)
    {
        switch (left, right)
        {
            case (NumberValue a, NumberValue b):
                return Arithmetic.CompareNumbers(a, b);
            case (StringValue a, StringValue b):
                context.Budget.Text(Math.Min(a.Value.Length, b.Value.Length));
                return OrderText(a.Value, b.Value);
            case (SequenceValue a, SequenceValue b) when a.IsTuple == b.IsTuple:
                return Nested(context, () => OrderItems(context, a, b));
            case (UndefinedValue undefined, _):
                throw new TemplateError(undefined.Reason);
            case (_, UndefinedValue undefined):
                throw new TemplateError(undefined.Reason);
            default:
                throw new TemplateError($"cannot order '{left.TypeName}' and '{right.TypeName}'");
        }
    }

    /// <summary>By code points, as Python orders; UTF-16 units would put U+E000–U+FFFF after the planes above.</summary>
    private static int OrderText(string left, string right)
    {
        var common = left.AsSpan().CommonPrefixLength(right);
        if (common == left.Length || common == right.Length)
            return left.Length - right.Length;
        var (a, b) = (left[common], right[common]);
        return char.IsSurrogate(a) == char.IsSurrogate(b) ? a - b : char.IsSurrogate(a) ? 1 : -1;
    }

    private static bool ItemsAreEqual(RenderContext context, SequenceValue left, SequenceValue right)
    {
        for (var i = 0; i < left.Items.Count; i++)
        {
            if (!AreEqual(context, left.Items[i], right.Items[i]))
                return false;
        }

        return true;
    }

    private static bool EntriesAreEqual(RenderContext context, MappingValue left, MappingValue right)
    {
        foreach (var (key, value) in left.Entries)
        {
            context.Budget.Key(key);
            if (!right.Entries.TryGetValue(key, out var other) || !AreEqual(context, value, other))
                return false;
        }

        return true;
    }

    private static int? OrderItems(RenderContext context, SequenceValue left, SequenceValue right)
    {
        for (var i = 0; i < Math.Min(left.Items.Count, right.Items.Count); i++)
        {
            if (!AreEqual(context, left.Items[i], right.Items[i]))
                return Order(context, left.Items[i], right.Items[i]);
        }

        return left.Items.Count - right.Items.Count;
    }

    private static T Nested<T>(RenderContext context, Func<T> compare)
    {
        context.Budget.Enter();
        var result = compare();
        context.Budget.Leave();
        return result;
    }
}
