namespace AkkaCp.Text.Templates;

/// <summary>Filters that order. Text is compared without regard to case unless asked, as in Jinja; equals keep their order.</summary>
internal static class SortingFilters
{
    /// <summary>sort(value, reverse=false, case_sensitive=false, attribute=none); the attribute may be
    /// several with commas between.</summary>
    public static TemplateValue Sort(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var bound = arguments.Bind("sort", "reverse", "case_sensitive", "attribute");
        IReadOnlyList<TemplateValue> paths = bound[2] is StringValue text
            ? [.. text.Value.Split(',').Select(path => new StringValue(path))]
            : [bound[2] ?? NoneValue.Instance];
        var keys = paths.Select(path => Key(context, bound[1], path)).ToList();
        return context.List(Order(
            context,
            Sequences.Iterate(context, subject),
            item => new SequenceValue([.. keys.Select(key => key(item))]),
            Reverses(bound[0])));
    }

    /// <summary>dictsort(value, case_sensitive=false, by="key", reverse=false): the entries as tuples.</summary>
    public static TemplateValue DictSort(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var bound = arguments.Bind("dictsort", "case_sensitive", "by", "reverse");
        var by = bound[1] switch
        {
            null or StringValue { Value: "key" } => 0,
            StringValue { Value: "value" } => 1,
            _ => throw new TemplateError("dictsort sorts by \"key\" or \"value\""),
        };
        if (subject is not MappingValue mapping)
            throw new TemplateError($"dictsort needs a mapping, found '{subject.TypeName}'");
        var key = Key(context, bound[0], NoneValue.Instance);
        var entries = Sequences.Iterate(context, new MappingViewValue(mapping, MappingView.Items));
        return context.List(Order(context, entries, entry => key(((SequenceValue)entry).Items[by]), Reverses(bound[2])));
    }

    /// <summary>groupby(value, attribute, default=none, case_sensitive=false): groups in order of what they have in common.</summary>
    public static TemplateValue GroupBy(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var bound = arguments.Bind("groupby", "attribute", "default", "case_sensitive");
        var path = bound[0].Required("groupby", "attribute");
        var key = Key(context, bound[2], path, bound[1]);
        var groups = new List<(TemplateValue Key, List<TemplateValue> Members)>();
        foreach (var item in Order(context, Sequences.Iterate(context, subject), key, reverse: false))
        {
            var own = key(item);
            if (groups.Count == 0 || !Comparison.AreEqual(context, groups[^1].Key, own))
                groups.Add((own, []));
            groups[^1].Members.Add(item);
        }

        return context.List([.. groups.Select(group => new GroupValue(
            Members.Path(context, group.Members[0], path, bound[1]), context.List(group.Members)))]);
    }

    /// <summary>unique(value, case_sensitive=false, attribute=none): the first of each.</summary>
    public static TemplateValue Unique(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var bound = arguments.Bind("unique", "case_sensitive", "attribute");
        return context.Iterator(Firsts());

        IEnumerable<TemplateValue> Firsts()
        {
            var key = Key(context, bound[0], bound[1] ?? NoneValue.Instance);
            var seen = new HashSet<TemplateValue>(KeyComparer.Instance);
            foreach (var item in Sequences.Enumerate(context, subject))
            {
                var own = key(item);
                context.Budget.Key(own);
                if (seen.Add(own))
                    yield return item;
            }
        }
    }

    /// <summary>min(value, case_sensitive=false, attribute=none).</summary>
    public static TemplateValue Min(RenderContext context, TemplateValue subject, CallArguments arguments) =>
        Extreme(context, subject, arguments, "min", sign: -1);

    /// <summary>max(value, case_sensitive=false, attribute=none).</summary>
    public static TemplateValue Max(RenderContext context, TemplateValue subject, CallArguments arguments) =>
        Extreme(context, subject, arguments, "max", sign: 1);

    /// <summary>The first of the smallest or largest.</summary>
    private static TemplateValue Extreme(RenderContext context, TemplateValue subject, CallArguments arguments, string name, int sign)
    {
        var bound = arguments.Bind(name, "case_sensitive", "attribute");
        var key = Key(context, bound[0], bound[1] ?? NoneValue.Instance);
        (TemplateValue Item, TemplateValue Key)? best = null;
        foreach (var item in Sequences.Enumerate(context, subject))
        {
            var own = key(item);
            if (best is null || Comparison.Order(context, own, best.Value.Key) * sign > 0)
                best = (item, own);
        }

        return best?.Item ?? new UndefinedValue($"no {name}, the sequence is empty");
    }

    /// <summary>What Python's sorted takes for reverse: an integer.</summary>
    private static bool Reverses(TemplateValue? reverse) => reverse.AsInteger("sorted", "reverse", 0) != 0;

    private static Func<TemplateValue, TemplateValue> Key(
        RenderContext context, TemplateValue? caseSensitive, TemplateValue path, TemplateValue? absent = null)
    {
        var folds = !caseSensitive.AsFlag();
        return item =>
        {
            var value = Members.Path(context, item, path, absent);
            return folds && value is StringValue text ? context.Text(CaseMapping.Lower(text.Value)) : value;
        };
    }

    /// <summary>Stable in both directions, as Python's sorted.</summary>
    private static List<TemplateValue> Order(
        RenderContext context, IReadOnlyList<TemplateValue> items, Func<TemplateValue, TemplateValue> key, bool reverse)
    {
        var comparer = Comparer<TemplateValue>.Create((a, b) =>
        {
            context.Budget.Step();
            return Comparison.Order(context, a, b) ?? 0;
        });
        List<(TemplateValue Item, TemplateValue Key)> keyed = [.. items.Select(item => (item, key(item)))];
        if (keyed.Count < 2)
            return [.. items];
        try
        {
            var ordered = reverse ? keyed.OrderByDescending(pair => pair.Key, comparer) : keyed.OrderBy(pair => pair.Key, comparer);
            return [.. ordered.Select(pair => pair.Item)];
        }
        catch (InvalidOperationException e) when (e.InnerException is TemplateError error)
        {
            // Sorting wraps what its comparer throws.
            throw error;
        }
    }
}
