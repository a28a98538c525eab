using System.Numerics;

namespace AkkaCp.Model.Templates;

/// <summary>The variable "loop" of a for.</summary>
internal sealed class LoopValue(IReadOnlyList<TemplateValue> items) : TemplateValue
{
    public int Index { get; set; }

    public override string TypeName => "loop";

    public override bool IsTruthy => true;

    public TemplateValue? Attribute(string name) => name switch
    {
        "index0" => new IntegerValue(Index),
        "index" => new IntegerValue(Index + 1),
        "revindex0" => new IntegerValue(items.Count - Index - 1),
        "revindex" => new IntegerValue(items.Count - Index),
        "first" => BooleanValue.Of(Index == 0),
        "last" => BooleanValue.Of(Index == items.Count - 1),
        "length" => new IntegerValue(items.Count),
        // Jinja's depth counts recursive loops only, and there are none.
        "depth" => new IntegerValue(1),
        "depth0" => new IntegerValue(0),
        "previtem" => Index > 0 ? items[Index - 1] : new UndefinedValue("there is no previous item"),
        "nextitem" => Index + 1 < items.Count ? items[Index + 1] : new UndefinedValue("there is no next item"),
        "cycle" => new BuiltinValue((context, self, arguments) => Cycle(arguments), this),
        _ => null,
    };

    private TemplateValue Cycle(CallArguments arguments) => arguments.Positional is { Count: > 0 } values
        ? values[(int)(Index % (BigInteger)values.Count)]
        : throw new TemplateError("cycle() needs an item to give");
}
