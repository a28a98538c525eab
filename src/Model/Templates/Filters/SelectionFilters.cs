namespace AkkaCp.Model.Templates;

/// <summary>map, select, reject, selectattr, rejectattr. They give lists at once, where Jinja's give iterators.</summary>
internal static class SelectionFilters
{
    /// <summary>map(attribute="path", default=value) or map("filter", arguments…).</summary>
    public static TemplateValue Map(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var items = Items(context, subject);
        if (arguments.Positional.Count == 0)
        {
            var bound = arguments.Bind("map", "attribute", "default");
            var path = bound[0].Required("map", "attribute");
            return context.List([.. items.Select(item => OrDefault(Members.Path(context, item, path), bound[1]))]);
        }

        var name = arguments.Positional[0].AsText("map", "filter");
        var rest = arguments.After(1);
        return context.List([.. items.Select(item => Filters.Apply(context, name, item, rest))]);
    }

    /// <summary>select("test", arguments…); without a test, by truth.</summary>
    public static TemplateValue Select(RenderContext context, TemplateValue subject, CallArguments arguments, bool keeps) =>
        context.List([.. Items(context, subject).Where(item => Holds(context, item, arguments) == keeps)]);

    /// <summary>selectattr("path", "test", arguments…).</summary>
    public static TemplateValue SelectAttribute(RenderContext context, TemplateValue subject, CallArguments arguments, bool keeps)
    {
        if (arguments.Positional.Count == 0)
            throw new TemplateError("selectattr() needs the argument 'attribute'");
        var (path, test) = (arguments.Positional[0], arguments.After(1));
        return context.List([.. Items(context, subject)
            .Where(item => Holds(context, Members.Path(context, item, path), test) == keeps)]);
    }

    /// <summary>As Jinja: none and whatever else is falsy has no items here.</summary>
    private static IReadOnlyList<TemplateValue> Items(RenderContext context, TemplateValue subject) =>
        subject.IsTruthy ? Sequences.Iterate(context, subject) : [];

    private static bool Holds(RenderContext context, TemplateValue value, CallArguments test) => test.Positional.Count == 0
        ? value.IsTruthy
        : Tests.Apply(context, test.Positional[0].AsText("select", "test"), value, test.After(1));

    private static TemplateValue OrDefault(TemplateValue value, TemplateValue? absent) => value is UndefinedValue ? absent ?? value : value;
}
