namespace AkkaCp.Text.Templates;

/// <summary>The function dict, which as in Python is the type of mappings and has its method fromkeys.</summary>
internal sealed class DictTypeValue : CallableValue
{
    public override string TypeName => "class 'dict'";

    public override TemplateValue? Attribute(string name) =>
        name == "fromkeys" ? new BuiltinValue(CollectionMethods.FromKeys, NoneValue.Instance) : null;

    public override TemplateValue Invoke(RenderContext context, CallArguments arguments) => Make(context, arguments);

    /// <summary>dict(mapping or pairs, name=value, …).</summary>
    public static MappingValue Make(RenderContext context, CallArguments arguments)
    {
        if (arguments.Positional.Count > 1)
            throw new TemplateError($"dict() takes at most 1 argument without a name, found {arguments.Positional.Count}");
        var entries = MappingValue.NewEntries();
        foreach (var (key, value) in arguments.Positional is [var source] ? Pairs(context, source) : [])
        {
            context.Budget.Key(key);
            entries[key] = value;
        }

        foreach (var (name, value) in arguments.Named)
            entries[new StringValue(name)] = value;
        return new MappingValue(entries);
    }

    private static IEnumerable<(TemplateValue Key, TemplateValue Value)> Pairs(RenderContext context, TemplateValue source)
    {
        if (source is MappingValue mapping)
        {
            context.Budget.Items(mapping.Entries.Count);
            return mapping.Entries.Select(entry => (entry.Key, entry.Value));
        }

        return Sequences.Enumerate(context, source).Select(pair => Sequences.Iterate(context, pair) is [var key, var value]
            ? (key, value)
            : throw new TemplateError("dict() takes pairs of a key and a value"));
    }
}
