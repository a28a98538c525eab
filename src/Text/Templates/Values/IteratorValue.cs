namespace AkkaCp.Text.Templates;

/// <summary>
/// Items that are made while they are taken, and taken once: what map, select, batch, unique and their like give. It has no length,
/// and is true even when nothing is left.
/// </summary>
internal sealed class IteratorValue(RenderBudget budget, string typeName, IEnumerable<TemplateValue> items) : TemplateValue
{
    private readonly IEnumerator<TemplateValue> _items = items.GetEnumerator();

    public override string TypeName => typeName;

    public override bool IsTruthy => true;

    /// <summary>The next item, or null at the end.</summary>
    public TemplateValue? Next()
    {
        // Iterators over iterators nest as deep as a template makes them.
        budget.Enter();
        var next = _items.MoveNext() ? _items.Current : null;
        budget.Leave();
        return next;
    }

    public IEnumerable<TemplateValue> Rest()
    {
        while (Next() is { } item)
            yield return item;
    }
}
