namespace AkkaCp.Text.Templates;

/// <summary>What a sequence is in Python. Sequences of different kinds never equal each other.</summary>
internal enum SequenceKind
{
    List,
    Tuple,
    Range,
}

/// <summary>A list, a tuple or a range.</summary>
internal class SequenceValue(IReadOnlyList<TemplateValue> items, SequenceKind kind = SequenceKind.List) : TemplateValue
{
    public IReadOnlyList<TemplateValue> Items => items;

    public SequenceKind Kind => kind;

    public override string TypeName => kind switch { SequenceKind.List => "list", SequenceKind.Tuple => "tuple", _ => "range" };

    public override bool IsTruthy => items.Count > 0;

    public static SequenceValue Tuple(params IReadOnlyList<TemplateValue> items) => new(items, SequenceKind.Tuple);

    /// <summary>An attribute of its own, or null.</summary>
    public virtual TemplateValue? Attribute(string name) => null;
}

/// <summary>What groupby gives: a tuple whose items have the names "grouper" and "list".</summary>
internal sealed class GroupValue(TemplateValue grouper, SequenceValue members) : SequenceValue([grouper, members], SequenceKind.Tuple)
{
    public override TemplateValue? Attribute(string name) => name switch { "grouper" => Items[0], "list" => Items[1], _ => null };
}
