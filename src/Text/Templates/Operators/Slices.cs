using System.Text;

namespace AkkaCp.Text.Templates;

/// <summary>start:stop:step; an absent bound is null.</summary>
internal readonly record struct SliceBounds(int? Start, int? Stop, int Step)
{
    public static SliceBounds Backwards => new(null, null, -1);

    public static SliceBounds Before(int stop) => new(null, stop, 1);

    /// <summary>The first index, and the one that is not reached.</summary>
    public (long From, long To) Within(long count)
    {
        var (least, most) = Step > 0 ? (0L, count) : (-1L, count - 1);
        long Bound(int? bound, long absent) => bound is not { } b ? absent : Math.Clamp(b < 0 ? b + count : b, least, most);
        return (Bound(Start, Step > 0 ? 0 : count - 1), Bound(Stop, Step > 0 ? count : -1));
    }

    /// <summary>The indices in their order.</summary>
    public IEnumerable<int> Indices(int count)
    {
        var (from, to) = Within(count);
        for (var i = from; Step > 0 ? i < to : i > to; i += Step)
            yield return (int)i;
    }
}

/// <summary>value[start:stop:step] as in Python.</summary>
internal static class Slices
{
    public static TemplateValue Cut(RenderContext context, TemplateValue value, SliceBounds bounds)
    {
        if (bounds.Step == 0)
            throw new TemplateError("a slice's step cannot be zero");
        return value switch
        {
            RangeValue range => Cut(range, bounds),
            SequenceValue sequence => new SequenceValue(Cut(context, sequence.Items, bounds), sequence.Kind),
            StringValue text => text.With(CutText(context, text.Value, bounds)),
            BytesValue bytes => new BytesValue([.. bounds.Indices(bytes.Bytes.Length).Select(i => bytes.Bytes[i])]),
            UndefinedValue undefined => throw new TemplateError(undefined.Reason),
            _ => throw new TemplateError($"'{value.TypeName}' cannot be sliced"),
        };
    }

    public static string CutText(RenderContext context, string text, SliceBounds bounds)
    {
        context.Budget.Text(text.Length);
        var starts = CodePoints.Starts(text);
        var (from, to) = bounds.Within(starts.Count);
        if (bounds.Step == 1)
            return text[starts[from]..starts[Math.Max(from, to)]];

        var result = new StringBuilder();
        foreach (var i in bounds.Indices(starts.Count))
            result.Append(text, starts[i], starts[i + 1] - starts[i]);
        context.Budget.Text(result.Length);
        return result.ToString();
    }

    private static List<TemplateValue> Cut(RenderContext context, IReadOnlyList<TemplateValue> items, SliceBounds bounds)
    {
        List<TemplateValue> result = [.. bounds.Indices(items.Count).Select(i => items[i])];
        context.Budget.Items(result.Count);
        return result;
    }

    private static RangeValue Cut(RangeValue range, SliceBounds bounds)
    {
        var (from, to) = bounds.Within(range.Items.Count);
        var (start, stop, step) = (range.Start + range.Step * from, range.Start + range.Step * to, range.Step * bounds.Step);
        return new RangeValue(start, stop, step, (int)RangeValue.Count(start, stop, step));
    }
}
