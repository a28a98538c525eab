namespace AkkaCp.Text.Templates;

/// <summary>A dict. Keys keep their order; they are what <see cref="KeyComparer"/> takes.</summary>
internal sealed class MappingValue(OrderedDictionary<TemplateValue, TemplateValue> entries) : TemplateValue
{
    public OrderedDictionary<TemplateValue, TemplateValue> Entries => entries;

    public override string TypeName => "dict";

    public override bool IsTruthy => entries.Count > 0;

    public static OrderedDictionary<TemplateValue, TemplateValue> NewEntries() => new(KeyComparer.Instance);

    public TemplateValue? Find(string key) => entries.GetValueOrDefault(new StringValue(key));
}

/// <summary>What of its entries a view of a dict shows.</summary>
internal enum MappingView
{
    Keys,
    Values,
    Items,
}

/// <summary>What the methods keys, values and items of a dict give: the entries, without places to index.</summary>
internal sealed class MappingViewValue(MappingValue mapping, MappingView view) : TemplateValue
{
    public MappingValue Mapping => mapping;

    public MappingView View => view;

    public int Count => mapping.Entries.Count;

    public override string TypeName =>
        view switch { MappingView.Keys => "dict_keys", MappingView.Values => "dict_values", _ => "dict_items" };

    public override bool IsTruthy => Count > 0;

    public IEnumerable<TemplateValue> Items => view switch
    {
        MappingView.Keys => mapping.Entries.Keys,
        MappingView.Values => mapping.Entries.Values,
        _ => mapping.Entries.Select(entry => SequenceValue.Tuple(entry.Key, entry.Value)),
    };
}
