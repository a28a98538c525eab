namespace AkkaCp.Text.Templates;

/// <summary>Python's str.</summary>
internal class StringValue(string value) : TemplateValue
{
    public static StringValue Empty { get; } = new("");

    public string Value => value;

    public override string TypeName => "str";

    public override bool IsTruthy => value.Length > 0;

    /// <summary>Another text of this one's kind: what the methods of a Markup give is Markup again.</summary>
    public virtual StringValue With(string text) => new(text);
}

/// <summary>Text that needs no escaping in HTML: MarkupSafe's Markup. What is put together with it is escaped first.</summary>
internal sealed class MarkupValue(string value) : StringValue(value)
{
    public override string TypeName => "Markup";

    public override StringValue With(string text) => new MarkupValue(text);
}
