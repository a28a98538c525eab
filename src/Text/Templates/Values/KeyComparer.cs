using System.Runtime.CompilerServices;

namespace AkkaCp.Text.Templates;

/// <summary>
/// Equality of mapping keys as in Python: 1, 1.0 and true are one key. Keys are strings, numbers, none, undefined, tuples and ranges
/// of such, and whatever equals only itself. <see cref="RenderBudget.Key"/> has walked through a key before it comes here, so it is
/// neither too deep nor too large.
/// </summary>
internal sealed class KeyComparer : IEqualityComparer<TemplateValue>
{
    public static KeyComparer Instance { get; } = new();

    /// <summary>Whether a value can be a key: lists, dicts and their views cannot, nor tuples that hold one.</summary>
    public static bool CanBeKey(TemplateValue value) => value switch
    {
        SequenceValue { Kind: SequenceKind.Tuple } tuple => tuple.Items.All(CanBeKey),
        SequenceValue { Kind: SequenceKind.List } or MappingValue or MappingViewValue { View: not MappingView.Values } => false,
        _ => true,
    };

    public bool Equals(TemplateValue? x, TemplateValue? y) => (x, y) switch
    {
        (StringValue a, StringValue b) => a.Value == b.Value,
        (NumberValue a, NumberValue b) => Numbers.Compare(a, b) == 0,
        (UndefinedValue, UndefinedValue) => true,
        (SequenceValue a, SequenceValue b) => a.Kind == b.Kind && a.Items.SequenceEqual(b.Items, this),
        (BytesValue a, BytesValue b) => a.Bytes.SequenceEqual(b.Bytes),
        _ => ReferenceEquals(x, y),
    };

    public int GetHashCode(TemplateValue key) => key switch
    {
        StringValue text => text.Value.GetHashCode(StringComparison.Ordinal),
        NumberValue number => Numbers.ToDoubleOrInfinity(number).GetHashCode(),
        NoneValue => 0,
        UndefinedValue => 1,
        SequenceValue { Kind: not SequenceKind.List } sequence =>
            sequence.Items.Aggregate(2, (hash, item) => HashCode.Combine(hash, GetHashCode(item))),
        BytesValue bytes => bytes.Bytes.Length,
        SequenceValue or MappingValue or MappingViewValue { View: not MappingView.Values } =>
            throw new TemplateError($"a mapping's key cannot be a '{key.TypeName}'"),
        _ => RuntimeHelpers.GetHashCode(key),
    };
}
