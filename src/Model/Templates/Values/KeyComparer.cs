namespace AkkaCp.Model.Templates;

/// <summary>Equality of mapping keys as in Python: 1, 1.0 and true are one key.</summary>
internal sealed class KeyComparer : IEqualityComparer<TemplateValue>
{
    public static KeyComparer Instance { get; } = new();

    public bool Equals(TemplateValue? x, TemplateValue? y) => (x, y) switch
    {
        (StringValue a, StringValue b) => a.Value == b.Value,
        (NumberValue a, NumberValue b) => Arithmetic.CompareNumbers(a, b) == 0,
        (NoneValue, NoneValue) => true,
        _ => ReferenceEquals(x, y),
    };

    public int GetHashCode(TemplateValue key) => key switch
    {
        StringValue text => text.Value.GetHashCode(StringComparison.Ordinal),
        NumberValue number => Arithmetic.ToDouble(number).GetHashCode(),
        NoneValue => 0,
        _ => throw new TemplateError($"a mapping's key must be a string, number, boolean or none, found '{key.TypeName}'"),
    };
}
