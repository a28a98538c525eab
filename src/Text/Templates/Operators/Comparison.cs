using System.Numerics;

namespace AkkaCp.Text.Templates;

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
                return Numbers.Compare(a, b) == 0;
            case (UndefinedValue, UndefinedValue):
                return true;
            case (SequenceValue a, SequenceValue b):
                return a.Kind == b.Kind && a.Items.Count == b.Items.Count && Nested(context, () => ItemsAreEqual(context, a, b));
            case (MappingViewValue a, MappingViewValue b) when a.View == b.View && a.View != MappingView.Values:
                return a.Count == b.Count && Nested(context, () => a.Items.All(item => Contains(context, b, item)));
            case (BytesValue a, BytesValue b):
                return a.Bytes.AsSpan().SequenceEqual(b.Bytes);
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
            case MappingViewValue { View: MappingView.Keys } keys:
                return Contains(context, keys.Mapping, item);
            case RangeValue range when item is IntegerValue or BooleanValue:
                return range.Contains(Numbers.ToInteger((NumberValue)item));
            case BytesValue bytes when item is BytesValue part:
                context.Budget.Text((long)bytes.Bytes.Length * Math.Max(1, part.Bytes.Length));
                return bytes.Bytes.AsSpan().IndexOf(part.Bytes) >= 0;
            case BytesValue bytes when item is NumberValue number and not FloatValue:
                return ContainsByte(context, bytes, Numbers.ToInteger(number));
            case BytesValue:
                throw new TemplateError($"'in' bytes needs bytes or an integer on its left, found '{item.TypeName}'");
            case var _ when Sequences.IsIterable(container):
                return Sequences.Enumerate(context, container).Any(other => AreEqual(context, other, item));
            default:
                throw new TemplateError($"'in' needs a container on its right, found '{container.TypeName}'");
        }
    }

    private static bool ContainsByte(RenderContext context, BytesValue bytes, BigInteger value)
    {
        if (value < byte.MinValue || value > byte.MaxValue)
            throw new TemplateError("a byte is from 0 to 255");
        context.Budget.Text(bytes.Bytes.Length);
        return bytes.Bytes.Contains((byte)value);
    }

    /// <summary>Whether values of these types have an order; what they hold may still have none.</summary>
    public static bool CanOrder(TemplateValue left, TemplateValue right) => (left, right) switch
    {
        (NumberValue, NumberValue) or (StringValue, StringValue) or (UndefinedValue, _) or (_, UndefinedValue) => true,
        (SequenceValue { Kind: not SequenceKind.Range } a, SequenceValue b) => a.Kind == b.Kind,
        _ => false,
    };

    /// <summary>Negative, zero or positive; null where a NaN is compared.</summary>
    public static int? Order(RenderContext context, TemplateValue left, TemplateValue right)
    {
        switch (left, right)
        {
            case (NumberValue a, NumberValue b):
                return Numbers.Compare(a, b);
            case (StringValue a, StringValue b):
                context.Budget.Text(Math.Min(a.Value.Length, b.Value.Length));
                return OrderText(a.Value, b.Value);
            case (SequenceValue { Kind: not SequenceKind.Range } a, SequenceValue b) when a.Kind == b.Kind:
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
