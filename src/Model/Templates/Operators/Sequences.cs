using System.Numerics;
using System.Text;

namespace AkkaCp.Model.Templates;

/// <summary>Iterating, measuring and cutting values. Text counts and cuts in code points, as Python's.</summary>
internal static class Sequences
{
    /// <summary>The items that a for loop would give: a text's code points, a mapping's keys, nothing for undefined.</summary>
    public static IReadOnlyList<TemplateValue> Iterate(RenderContext context, TemplateValue value)
    {
        IReadOnlyList<TemplateValue> items = value switch
        {
            SequenceValue sequence => sequence.Items,
            MappingValue mapping => [.. mapping.Entries.Keys],
            StringValue text => CodePoints(context, text.Value),
            UndefinedValue => [],
            _ => throw new TemplateError($"'{value.TypeName}' cannot be iterated over"),
        };
        context.Budget.Items(items.Count);
        return items;
    }

    public static bool IsIterable(TemplateValue value) => value is SequenceValue or MappingValue or StringValue or UndefinedValue;

    public static int Length(RenderContext context, TemplateValue value) => value switch
    {
        SequenceValue sequence => sequence.Items.Count,
        MappingValue mapping => mapping.Entries.Count,
        StringValue text => CountCodePoints(context, text.Value),
        UndefinedValue => 0,
        _ => throw new TemplateError($"'{value.TypeName}' has no length"),
    };

    /// <summary>The item at an index, from the end when negative; null where there is none.</summary>
    public static TemplateValue? At(RenderContext context, TemplateValue value, BigInteger index)
    {
        var count = Length(context, value);
        if (index.Sign < 0)
            index += count;
        if (index.Sign < 0 || index >= count)
            return null;
        return value is SequenceValue sequence
            ? sequence.Items[(int)index]
            : Slice(context, value, (int)index, (int)index + 1, 1);
    }

    /// <summary>value[start:stop:step] as in Python; an absent bound is null.</summary>
    public static TemplateValue Slice(RenderContext context, TemplateValue value, int? start, int? stop, int step)
    {
        if (step == 0)
            throw new TemplateError("a slice's step cannot be zero");
        return value switch
        {
            SequenceValue sequence => new SequenceValue(Cut(context, sequence.Items, start, stop, step), sequence.IsTuple),
            StringValue text => CutText(context, text.Value, start, stop, step),
            UndefinedValue undefined => throw new TemplateError(undefined.Reason),
            _ => UndefinedValue.Member(value, "slice"),
        };
    }

    public static TemplateValue Reverse(RenderContext context, TemplateValue value) => value is StringValue text
        ? CutText(context, text.Value, null, null, -1)
        : new SequenceValue(Cut(context, Iterate(context, value), null, null, -1));

    private static List<TemplateValue> Cut(RenderContext context, IReadOnlyList<TemplateValue> items, int? start, int? stop, int step)
    {
        var (from, to) = Bounds(items.Count, start, stop, step);
        var result = new List<TemplateValue>();
        for (var i = from; step > 0 ? i < to : i > to; i += step)
            result.Add(items[(int)i]);
        context.Budget.Items(result.Count);
        return result;
    }

    private static StringValue CutText(RenderContext context, string text, int? start, int? stop, int step)
    {
        context.Budget.Text(text.Length);
        var starts = text.AsSpan().ContainsAnyInRange('\ud800', '\udfff') ? CodePointStarts(text) : null;
        int Offset(long index) => starts is null ? (int)index : starts[(int)index];
        var (from, to) = Bounds(starts is null ? text.Length : starts.Count - 1, start, stop, step);
        if (step == 1)
            return new StringValue(text[Offset(from)..Offset(Math.Max(from, to))]);

        var result = new StringBuilder();
        for (var i = from; step > 0 ? i < to : i > to; i += step)
            result.Append(text, Offset(i), Offset(i + 1) - Offset(i));
        return context.Text(result.ToString());
    }

    private static (long From, long To) Bounds(long count, int? start, int? stop, int step)
    {
        var (least, most) = step > 0 ? (0L, count) : (-1L, count - 1);
        long Bound(int? bound, long absent) => bound is not { } b ? absent : Math.Clamp(b < 0 ? b + count : b, least, most);
        return (Bound(start, step > 0 ? 0 : count - 1), Bound(stop, step > 0 ? count : -1));
    }

    /// <summary>Where each code point begins, and the text's end.</summary>
    private static List<int> CodePointStarts(string text)
    {
        var starts = new List<int>();
        for (var i = 0; i < text.Length; i += char.IsSurrogatePair(text, i) ? 2 : 1)
            starts.Add(i);
        starts.Add(text.Length);
        return starts;
    }

    private static List<TemplateValue> CodePoints(RenderContext context, string text)
    {
        context.Budget.Items(text.Length);
        var result = new List<TemplateValue>(text.Length);
        for (var i = 0; i < text.Length;)
        {
            var length = char.IsSurrogatePair(text, i) ? 2 : 1;
            result.Add(new StringValue(text.Substring(i, length)));
            i += length;
        }

        return result;
    }

    private static int CountCodePoints(RenderContext context, string text)
    {
        context.Budget.Text(text.Length);
        var count = text.Length;
        for (var i = 0; i + 1 < text.Length; i++)
        {
            if (char.IsSurrogatePair(text, i))
                count--;
        }

        return count;
    }
}
