using System.Numerics;

namespace AkkaCp.Model.Templates;

/// <summary>
/// A value that a template can hold. All kinds are here and none wraps a .NET object, so a template reaches nothing but them.
/// Values do not change once made, but for the attributes of a namespace.
/// </summary>
internal abstract class TemplateValue
{
    /// <summary>What Python calls this type; error messages use it.</summary>
    public abstract string TypeName { get; }

    public abstract bool IsTruthy { get; }
}

/// <summary>A name, attribute or item that does not exist. It prints as nothing and is empty, but has no attributes.</summary>
internal sealed class UndefinedValue(string reason) : TemplateValue
{
    /// <summary>What does not exist, for the error that using it gives.</summary>
    public string Reason => reason;

    public override string TypeName => "Undefined";

    public override bool IsTruthy => false;

    public static UndefinedValue Variable(string name) => new($"'{name}' is undefined");

    public static UndefinedValue Member(TemplateValue target, string name) =>
        new(target is NoneValue ? $"None has no attribute '{name}'" : $"'{target.TypeName}' has no attribute '{name}'");
}

internal sealed class NoneValue : TemplateValue
{
    private NoneValue()
    {
    }

    public static NoneValue Instance { get; } = new();

    public override string TypeName => "NoneType";

    public override bool IsTruthy => false;
}

/// <summary>A boolean, integer or float: what Python's arithmetic takes.</summary>
internal abstract class NumberValue : TemplateValue
{
    /// <summary>Digits of the longest number that is read from text; keeps reading it cheap.</summary>
    public const int MaxDigits = 400;
}

internal sealed class BooleanValue : NumberValue
{
    private BooleanValue(bool value) => Value = value;

    public static BooleanValue True { get; } = new(true);

    public static BooleanValue False { get; } = new(false);

    public bool Value { get; }

    public override string TypeName => "bool";

    public override bool IsTruthy => Value;

    public static BooleanValue Of(bool value) => value ? True : False;
}

/// <summary>An integer of any size, as Python's; arithmetic keeps it below <see cref="MaxBits"/>.</summary>
internal sealed class IntegerValue(BigInteger value) : NumberValue
{
    public const int MaxBits = 2048;

    public BigInteger Value => value;

    public override string TypeName => "int";

    public override bool IsTruthy => !value.IsZero;
}

internal sealed class FloatValue(double value) : NumberValue
{
    public double Value => value;

    public override string TypeName => "float";

    public override bool IsTruthy => value != 0;
}

internal sealed class StringValue(string value) : TemplateValue
{
    public static StringValue Empty { get; } = new("");

    public string Value => value;

    public override string TypeName => "str";

    public override bool IsTruthy => value.Length > 0;
}

/// <summary>A list or a tuple; they differ in how they print and in that they never equal each other.</summary>
internal sealed class SequenceValue(IReadOnlyList<TemplateValue> items, bool isTuple = false) : TemplateValue
{
    public IReadOnlyList<TemplateValue> Items => items;

    public bool IsTuple => isTuple;

    public override string TypeName => isTuple ? "tuple" : "list";

    public override bool IsTruthy => items.Count > 0;
}

/// <summary>A dict. Keys keep their order; they are strings, numbers, booleans or none.</summary>
internal sealed class MappingValue(OrderedDictionary<TemplateValue, TemplateValue> entries) : TemplateValue
{
    public OrderedDictionary<TemplateValue, TemplateValue> Entries => entries;

    public override string TypeName => "dict";

    public override bool IsTruthy => entries.Count > 0;

    public static OrderedDictionary<TemplateValue, TemplateValue> NewEntries() => new(KeyComparer.Instance);

    public TemplateValue? Find(string key) => entries.GetValueOrDefault(new StringValue(key));
}

/// <summary>The one thing a template can change: <c>{% set ns.x = … %}</c> reaches out of a loop.</summary>
internal sealed class NamespaceValue : TemplateValue
{
    public Dictionary<string, TemplateValue> Attributes { get; } = new(StringComparer.Ordinal);

    public override string TypeName => "Namespace";

    public override bool IsTruthy => true;
}
