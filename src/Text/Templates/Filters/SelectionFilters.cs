namespace AkkaCp.Text.Templates;

/// <summary>map, select, reject, selectattr, rejectattr. They give iterators, and look at their arguments when
/// the first item is taken.</summary>
internal static class SelectionFilters
{
    /// <summary>map(attribute="path", default=value) or map("filter", arguments…).</summary>
    public static TemplateValue Map(RenderContext context, TemplateValue subject, CallArguments arguments) =>
        OverItems(context, subject, items =>
        {
            if (arguments.Positional.Count == 0 && arguments.Named.Any(named => named.Name == "attribute"))
            {
                var bound = arguments.Bind("map", "attribute", "default");
                return items.Select(item => Members.Path(context, item, bound[0]!, bound[1]));
            }

            if (arguments.Positional.Count == 0)
                throw new TemplateError("map() needs a filter or the argument 'attribute'");
            var name = NameOf(arguments.Positional[0]);
            var rest = arguments.After(1);
            return items.Select(item => FilterTable.Apply(context, name, item, rest));
        });

    /// <summary>select("test", arguments…); without a test, by truth.</summary>
    public static TemplateValue Select(RenderContext context, TemplateValue subject, CallArguments arguments, bool keeps) =>
        OverItems(context, subject, items => items.Where(item => Holds(context, item, arguments) == keeps));

    /// <summary>selectattr("path", "test", arguments…).</summary>
    public static TemplateValue SelectAttribute(RenderContext context, TemplateValue subject, CallArguments arguments, bool keeps) =>
        OverItems(context, subject, items =>
        {
            if (arguments.Positional.Count == 0)
                throw new TemplateError("selectattr() needs the argument 'attribute'");
            var (path, test) = (arguments.Positional[0], arguments.After(1));
            return items.Where(item => Holds(context, Members.Path(context, item, path), test) == keeps);
        });

    /// <summary>As Jinja: none and whatever else is falsy has no items here.</summary>
    private static IteratorValue OverItems(
        RenderContext context, TemplateValue subject, Func<IEnumerable<TemplateValue>, IEnumerable<TemplateValue>> work)
    {
        return context.Iterator(Results());

        IEnumerable<TemplateValue> Results()
        {
            if (!subject.IsTruthy)
                yield break;
            foreach (var item in work(Sequences.Enumerate(context, subject)))
                yield return item;
        }
    }

    private static bool Holds(RenderContext context, TemplateValue value, CallArguments test) => test.Positional.Count == 0
        ? value.IsTruthy
        : TestTable.Apply(context, NameOf(test.Positional[0]), value, test.After(1));

    private static string NameOf(TemplateValue name) =>
        name is StringValue text ? text.Value : throw new TemplateError($"a filter's or test's name is a string, found '{name.TypeName}'");
}
