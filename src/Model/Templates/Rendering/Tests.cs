using System.Collections.Frozen;

namespace AkkaCp.Model.Templates;

/// <summary>What stands after "is": Jinja's tests by name.</summary>
internal static class Tests
{
    private delegate bool Test(RenderContext context, TemplateValue subject, CallArguments arguments);

    private static readonly FrozenDictionary<string, Test> s_table = new Dictionary<string, Test>
    {
        ["boolean"] = Kind(value => value is BooleanValue),
        ["callable"] = Kind(value => value is CallableValue),
        ["defined"] = Kind(value => value is not UndefinedValue),
        ["divisibleby"] = (c, s, a) => IsZero(Arithmetic.Apply(c, "%", s, Argument(a, "divisibleby"))),
        ["even"] = (c, s, a) => IsZero(Arithmetic.Apply(c, "%", s, new IntegerValue(2))),
        ["false"] = Kind(value => value is BooleanValue { Value: false }),
        ["float"] = Kind(value => value is FloatValue),
        ["in"] = (c, s, a) => Comparison.Contains(c, Argument(a, "in"), s),
        ["integer"] = Kind(value => value is IntegerValue),
        ["iterable"] = Kind(Sequences.IsIterable),
        ["lower"] = (c, s, a) => StringMethods.IsCased(c, PythonText.Str(c, s), char.IsUpper, char.IsLower),
        ["mapping"] = Kind(value => value is MappingValue),
        ["none"] = Kind(value => value is NoneValue),
        ["number"] = Kind(value => value is NumberValue),
        ["odd"] = (c, s, a) => !IsZero(Arithmetic.Apply(c, "%", s, new IntegerValue(2))),
        ["sameas"] = (c, s, a) => IsSame(c, s, Argument(a, "sameas")),
        ["sequence"] = Kind(Sequences.IsIterable),
        ["string"] = Kind(value => value is StringValue),
        ["true"] = Kind(value => value is BooleanValue { Value: true }),
        ["undefined"] = Kind(value => value is UndefinedValue),
        ["upper"] = (c, s, a) => StringMethods.IsCased(c, PythonText.Str(c, s), char.IsLower, char.IsUpper),
        ["eq"] = Compare("=="),
        ["equalto"] = Compare("=="),
        ["=="] = Compare("=="),
        ["ne"] = Compare("!="),
        ["!="] = Compare("!="),
        ["lt"] = Compare("<"),
        ["lessthan"] = Compare("<"),
        ["<"] = Compare("<"),
        ["le"] = Compare("<="),
        ["<="] = Compare("<="),
        ["gt"] = Compare(">"),
        ["greaterthan"] = Compare(">"),
        [">"] = Compare(">"),
        ["ge"] = Compare(">="),
        [">="] = Compare(">="),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static bool Apply(RenderContext context, string name, TemplateValue subject, CallArguments arguments) =>
        s_table.TryGetValue(name, out var test)
            ? test(context, subject, arguments)
            : throw new TemplateError($"no test named '{name}'");

    private static Test Kind(Func<TemplateValue, bool> holds) => (context, subject, arguments) =>
    {
        arguments.Bind("is");
        return holds(subject);
    };

    private static Test Compare(string op) => (context, subject, arguments) => Comparison.Apply(context, op, subject, Argument(arguments, op));

    private static TemplateValue Argument(CallArguments arguments, string test) => arguments.Bind(test, "other")[0].Required(test, "other");

    /// <summary>Python's identity, as far as a value has one: scalars by type and value.</summary>
    private static bool IsSame(RenderContext context, TemplateValue left, TemplateValue right) => ReferenceEquals(left, right)
        || (left is StringValue or IntegerValue or FloatValue && left.GetType() == right.GetType() && Comparison.AreEqual(context, left, right));

    private static bool IsZero(TemplateValue number) => !number.IsTruthy;
}
