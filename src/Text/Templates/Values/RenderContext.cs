namespace AkkaCp.Text.Templates;

/// <summary>What operations on values need of the rendering they belong to.</summary>
internal sealed record RenderContext(RenderBudget Budget, TimeProvider Time)
{
    /// <summary>Whether an autoescape block holds: then what macros and set blocks give is Markup.</summary>
    public bool Escapes { get; set; }

    /// <summary>A string value that has been paid for.</summary>
    public StringValue Text(string text)
    {
        Budget.Text(text.Length);
        return new StringValue(text);
    }

    /// <summary>Items that are made while they are taken; each is paid for then.</summary>
    public IteratorValue Iterator(IEnumerable<TemplateValue> items, string typeName = "generator") => new(Budget, typeName, items);

    /// <summary>A list value that has been paid for.</summary>
    public SequenceValue List(IReadOnlyList<TemplateValue> items)
    {
        Budget.Items(items.Count);
        return new SequenceValue(items);
    }
}
