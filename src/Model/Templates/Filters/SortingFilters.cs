namespace AkkaCp.Model.Templates;

/// <summary>Filters that order. Text is compared without regard to case unless asked, as in Jinja; equals keep their order.</summary>
internal static class SortingFilters
{
    /// <summary>sort(value, reverse=false, case_sensitive=false, attribute=none).</summary>
    public static TemplateValue Sort(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var bound = arguments.Bind("sort", "reverse", "case_sensitive", "attribute");
        return context.List(Order(context, Sequences.Iterate(context, subject), Key(context, bound[1], bound[2]), bound[0].AsFlag()));
    }

    /// <summary>dictsort(value, case_sensitive=false, by="key", reverse=false): the entries as tuples.</summary>
    public static TemplateValue DictSort(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var bound = arguments.Bind("dictsort", "case_sensitive", "by", "reverse");
        var by = (bound[1].AsOptionalText("dictsort", "by") ?? "key") == "key" ? 0 : 1;
        if (subject is not MappingValue mapping)
            throw new TemplateError($"dictsort needs a mapping, found '{subject.TypeName}'");
        var key = Key(context, bound[0], null);
        var entries = CollectionMethods.Items(context, mapping).Items;
        return context.List(Order(context, entries, entry => key(((SequenceValue)entry).Items[by]), bound[2].AsFlag()));
    }

    /// <summary>unique(value, case_sensitive=false, attribute=none): the first of each.</summary>
    public static TemplateValue Unique(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var bound = arguments.Bind("unique", "case_sensitive", "attribute");
        var key = Key(context, bound[0], bound[1]);
        var seen = new HashSet<TemplateValue>(KeyComparer.Instance);
        return context.List([.. Sequences.Iterate(context, subject).Where(item => IsNew(context, seen, key(item)))]);
    }

    /// <summary>min(value, case_sensitive=false, attribute=none).</summary>
    public static TemplateValue Min(RenderContext context, TemplateValue subject, CallArguments arguments) =>
        Extreme(context, subject, arguments, "min", reverse: false);

    /// <summary>max(value, case_sensitive=false, attribute=none).</summary>
    public static TemplateValue Max(RenderContext context, TemplateValue subject, CallArguments arguments) =>
        Extreme(context, subject, arguments, "max", reverse: true);

    private static bool IsNew(RenderContext context, HashSet<TemplateValue> seen, TemplateValue key)
    {
        context.Budget.Key(key);
        return seen.Add(key);
    }

    private static TemplateValue Extreme(RenderContext context, TemplateValue subject, CallArguments arguments, string name, bool reverse)
    {
        var bound = arguments.Bind(name, "case_sensitive", "attribute");
        var ordered = Order(context, Sequences.Iterate(context, subject), Key(context, bound[0], bound[1]), reverse);
        return ordered.Count > 0 ? ordered[0] : new UndefinedValue($"no {name}, the sequence is empty");
    }

    private static Func<TemplateValue, TemplateValue> Key(RenderContext context, TemplateValue? caseSensitive, TemplateValue? attribute)
    {
        var folds = !caseSensitive.AsFlag();
        return item =>
        {
            var value = attribute is null or NoneValue ? item : Members.Path(context, item, attribute);
            return folds && value is StringValue text ? context.Text(StringMethods.Lower(text.Value)) : value;
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
        try
        {
            return reverse ? [.. items.OrderByDescending(key, comparer)] : [.. items.OrderBy(key, comparer)];
        }
        catch (InvalidOperationException e) when (e.InnerException is TemplateError error)
        {
            // Sorting wraps what its comparer throws.
            throw error;
        }
    }
}
