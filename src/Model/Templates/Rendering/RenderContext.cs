namespace AkkaCp.Model.Templates;

/// <summary>What operations on values need of the rendering they belong to.</summary>
internal sealed record RenderContext(RenderBudget Budget, TimeProvider Time)
{
    /// <summary>A string value that has been paid for.</summary>
    public StringValue Text(string text)
    {
        Budget.Text(text.Length);
        return new StringValue(text);
    }

    /// <summary>A list value that has been paid for.</summary>
    public SequenceValue List(IReadOnlyList<TemplateValue> items)
    {
        Budget.Items(items.Count);
        return new SequenceValue(items);
    }
}
