using System.Numerics;

namespace AkkaCp.Text.Templates;

/// <summary>Iterating, measuring and indexing values. Text counts in code points, as Python's.</summary>
internal static class Sequences
{
    /// <summary>
    /// The items that a for loop would give, made as they are taken: a text's code points, a mapping's keys, nothing for undefined.
    /// An iterator's are gone then.
    /// </summary>
    /// <exception cref="TemplateError">At once, where the value cannot be iterated over.</exception>
    public static IEnumerable<TemplateValue> Enumerate(RenderContext context, TemplateValue value) => Paid(context, value switch
    {
        SequenceValue sequence => sequence.Items,
        MappingValue mapping => mapping.Entries.Keys,
        MappingViewValue view => view.Items,
        StringValue text => CodePoints.Of(text.Value),
        IteratorValue iterator => iterator.Rest(),
        LoopValue loop => loop.Rest(),
        BytesValue bytes => bytes.Bytes.Select(b => new IntegerValue(b)),
        UndefinedValue => [],
        _ => throw new TemplateError($"'{value.TypeName}' cannot be iterated over"),
    });

    /// <summary>All the items at once.</summary>
    public static IReadOnlyList<TemplateValue> Iterate(RenderContext context, TemplateValue value)
    {
        switch (value)
        {
            case SequenceValue { Kind: not SequenceKind.Range } sequence:
                context.Budget.Items(sequence.Items.Count);
                return sequence.Items;
            case StringValue text:
                context.Budget.Items(text.Value.Length);
                return [.. CodePoints.Of(text.Value)];
            default:
                return [.. Enumerate(context, value)];
        }
    }

    public static bool IsIterable(TemplateValue value) => value is SequenceValue or MappingValue or MappingViewValue or StringValue
        or UndefinedValue or IteratorValue or LoopValue or BytesValue;

    /// <summary>Whether Python's len takes it.</summary>
    public static bool HasLength(TemplateValue value) => IsIterable(value) && value is not IteratorValue;

    public static int Length(RenderContext context, TemplateValue value) => value switch
    {
        SequenceValue sequence => sequence.Items.Count,
        MappingValue mapping => mapping.Entries.Count,
        MappingViewValue view => view.Count,
        StringValue text => CodePoints.Count(context, text.Value),
        LoopValue loop => loop.Length,
        BytesValue bytes => bytes.Bytes.Length,
        UndefinedValue => 0,
        _ => throw new TemplateError($"'{value.TypeName}' has no length"),
    };

    /// <summary>An item of a sequence, text or bytes by its index, from the end where that is negative; null where there is none.</summary>
    public static TemplateValue? At(RenderContext context, TemplateValue value, BigInteger index)
    {
        var count = Length(context, value);
        if (index.Sign < 0)
            index += count;
        if (index.Sign < 0 || index >= count)
            return null;
        return value switch
        {
            SequenceValue sequence => sequence.Items[(int)index],
            BytesValue bytes => new IntegerValue(bytes.Bytes[(int)index]),
            _ => Slices.Cut(context, value, new SliceBounds((int)index, (int)index + 1, 1)),
        };
    }

    /// <summary>
    /// The items from the last to the first, made as they are taken; null where only a list of the items could be turned round,
    /// as of an iterator.
    /// </summary>
    public static IEnumerable<TemplateValue>? Reversed(RenderContext context, TemplateValue value)
    {
        IEnumerable<TemplateValue>? items = value switch
        {
            SequenceValue sequence => Backwards(sequence.Items),
            MappingValue mapping => mapping.Entries.Keys.Reverse(),
            MappingViewValue view => view.Items.Reverse(),
            StringValue text => CodePoints.Of(text.Value).Reverse().Select(item => text.With(((StringValue)item).Value)),
            UndefinedValue => [],
            BytesValue => Backwards(Iterate(context, value)),
            _ => null,
        };
        return items is null ? null : Paid(context, items);
    }

    private static IEnumerable<TemplateValue> Backwards(IReadOnlyList<TemplateValue> items)
    {
        for (var i = items.Count - 1; i >= 0; i--)
            yield return items[i];
    }

    private static IEnumerable<TemplateValue> Paid(RenderContext context, IEnumerable<TemplateValue> items)
    {
        foreach (var item in items)
        {
            context.Budget.Items(1);
            yield return item;
        }
    }
}
