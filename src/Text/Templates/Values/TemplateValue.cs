using System.Numerics;

namespace AkkaCp.Text.Templates;

/// <summary>
/// A value that a template can hold. All kinds are here and none wraps a .NET object, so a template reaches nothing but them.
/// Values do not change once made, but for namespaces, cyclers, joiners and iterators.
/// </summary>
internal abstract class TemplateValue
{
    /// <summary>What Python calls this type; error messages use it.</summary>
    public abstract string TypeName { get; }

    public abstract bool IsTruthy { get; }

    /// <summary>How Python prints it, where that is no literal.</summary>
    public virtual string Repr => $"<{TypeName}>";
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

    public static UndefinedValue Member(TemplateValue target, TemplateValue key) =>
        new($"'{target.TypeName}' has no element of type '{key.TypeName}'");
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
    /// <summary>Digits of the longest number that is read from text or printed: Python's own limit.</summary>
    public const int MaxDigits = 4300;
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
    public const int MaxBits = 16_384;

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
