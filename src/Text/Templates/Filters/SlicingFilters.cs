namespace AkkaCp.Text.Templates;

/// <summary>batch and slice: rows and columns of a list.</summary>
internal static class SlicingFilters
{
    /// <summary>batch(value, linecount, fill_with=none): lists of so many items; the last is filled up.</summary>
    public static TemplateValue Batch(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var bound = arguments.Bind("batch", "linecount", "fill_with");
        var count = bound[0].Required("batch", "linecount");
        var fill = bound[1] is NoneValue ? null : bound[1];
        return context.Iterator(Rows());

        IEnumerable<TemplateValue> Rows()
        {
            var row = new List<TemplateValue>();
            foreach (var item in Sequences.Enumerate(context, subject))
            {
                if (Comparison.AreEqual(context, new IntegerValue(row.Count), count))
                {
                    yield return context.List(row);
                    row = [];
                }

                row.Add(item);
            }

            if (row.Count > 0)
                yield return context.List(fill is null ? row : Filled(context, row, count, fill));
        }
    }

    /// <summary>slice(value, slices, fill_with=none): so many lists whose lengths differ by one at most;
    /// the shorter are filled up.</summary>
    public static TemplateValue Slice(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var bound = arguments.Bind("slice", "slices", "fill_with");
        var wanted = bound[0].Required("slice", "slices");
        return context.Iterator(Columns());

        IEnumerable<TemplateValue> Columns()
        {
            var items = Sequences.Iterate(context, subject);
            var count = ((TemplateValue?)wanted).AsInteger("slice", "slices", 0);
            if (count == 0)
                throw new TemplateError("division by zero");
            var (length, longer) = (items.Count / Math.Abs(count), items.Count % Math.Abs(count));
            var offset = 0;
            for (var i = 0; i < count; i++)
            {
                var size = length + (i < longer ? 1 : 0);
                List<TemplateValue> column = [.. items.Skip(offset).Take(size)];
                offset += size;
                if (i >= longer && bound[1] is not (null or NoneValue))
                    column.Add(bound[1]!);
                context.Budget.Items(1);
                yield return context.List(column);
            }
        }
    }

    private static List<TemplateValue> Filled(RenderContext context, List<TemplateValue> row, TemplateValue count, TemplateValue fill)
    {
        if (Comparison.Order(context, new IntegerValue(row.Count), count) is not < 0)
            return row;
        var missing = (long)((TemplateValue?)count).AsInteger("batch", "linecount", 0) - row.Count;
        context.Budget.Items(missing);
        return [.. row, .. Enumerable.Repeat(fill, (int)missing)];
    }
}
