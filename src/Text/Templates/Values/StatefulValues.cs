namespace AkkaCp.Text.Templates;

/// <summary>A value whose attributes only it knows.</summary>
internal abstract class ObjectValue : TemplateValue
{
    public override bool IsTruthy => true;

    public abstract TemplateValue? Attribute(string name);
}

/// <summary>What a template can change: <c>{% set ns.x = … %}</c> reaches out of a loop.</summary>
internal sealed class NamespaceValue : ObjectValue
{
    public OrderedDictionary<string, TemplateValue> Attributes { get; } = new(StringComparer.Ordinal);

    public override string TypeName => "Namespace";

    public override TemplateValue? Attribute(string name) => Attributes.GetValueOrDefault(name);
}

/// <summary>cycler("a", "b"): its next() gives the items round and round.</summary>
internal sealed class CyclerValue(IReadOnlyList<TemplateValue> items) : ObjectValue
{
    private int _position;

    public override string TypeName => "Cycler";

    public override TemplateValue? Attribute(string name) => name switch
    {
        "items" => SequenceValue.Tuple(items),
        "pos" => new IntegerValue(_position),
        "current" => items[_position],
        "next" => BuiltinValue.WithoutArguments("next", Next),
        "reset" => BuiltinValue.WithoutArguments("reset", Reset),
        _ => null,
    };

    private TemplateValue Next()
    {
        var item = items[_position];
        _position = (_position + 1) % items.Count;
        return item;
    }

    private NoneValue Reset()
    {
        _position = 0;
        return NoneValue.Instance;
    }
}

/// <summary>joiner(", "): nothing when first called, then its separator.</summary>
internal sealed class JoinerValue(TemplateValue separator) : CallableValue
{
    private bool _used;

    public override string TypeName => "Joiner";

    public override TemplateValue? Attribute(string name) => name switch
    {
        "sep" => separator,
        "used" => BooleanValue.Of(_used),
        _ => null,
    };

    public override TemplateValue Invoke(RenderContext context, CallArguments arguments)
    {
        arguments.Bind("joiner");
        if (_used)
            return separator;
        _used = true;
        return StringValue.Empty;
    }
}
