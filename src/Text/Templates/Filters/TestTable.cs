using System.Collections.Frozen;

namespace AkkaCp.Text.Templates;

/// <summary>What stands after "is": Jinja's tests by name.</summary>
internal static class TestTable
{
    private delegate bool Test(RenderContext context, TemplateValue subject, CallArguments arguments);

    private static readonly FrozenDictionary<string, Test> s_table = new Dictionary<string, Test>
    {
        ["boolean"] = Kind(value => value is BooleanValue),
        ["callable"] = Kind(value => value is CallableValue or UndefinedValue),
        ["defined"] = Kind(value => value is not UndefinedValue),
        ["divisibleby"] = (c, s, a) => Remains(c, s, Argument(a, "divisibleby", "num"), 0),
        ["escaped"] = Kind(value => value is MarkupValue),
        ["even"] = (c, s, a) => Remains(c, s, Two(a, "even"), 0),
        ["false"] = Kind(value => value is BooleanValue { Value: false }),
        ["float"] = Kind(value => value is FloatValue),
        ["filter"] = (c, s, a) => IsName(c, s, a, FilterTable.Has),
        ["in"] = (c, s, a) => Comparison.Contains(c, Argument(a, "in", "seq"), s),
        ["integer"] = Kind(value => value is IntegerValue),
        ["iterable"] = Kind(Sequences.IsIterable),
        ["lower"] = (c, s, a) => Text(c, s, a, StringMethods.IsLower),
        ["mapping"] = Kind(value => value is MappingValue),
        ["none"] = Kind(value => value is NoneValue),
        ["number"] = Kind(value => value is NumberValue),
        ["odd"] = (c, s, a) => Remains(c, s, Two(a, "odd"), 1),
        ["sameas"] = (c, s, a) => IsSame(c, s, Argument(a, "sameas", "other")),
        ["sequence"] = Kind(value => value is SequenceValue or MappingValue or StringValue or UndefinedValue or BytesValue),
        ["string"] = Kind(value => value is StringValue),
        ["test"] = (c, s, a) => IsName(c, s, a, Has),
        ["true"] = Kind(value => value is BooleanValue { Value: true }),
        ["undefined"] = Kind(value => value is UndefinedValue),
        ["upper"] = (c, s, a) => Text(c, s, a, StringMethods.IsUpper),
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

    public static bool Has(string name) => s_table.ContainsKey(name);

    public static bool Apply(RenderContext context, string name, TemplateValue subject, CallArguments arguments) =>
        s_table.TryGetValue(name, out var test)
            ? test(context, subject, arguments)
            : throw new TemplateError($"no test named '{name}'");

    private static Test Kind(Func<TemplateValue, bool> holds) => (context, subject, arguments) =>
    {
        arguments.Bind("is");
        return holds(subject);
    };

    /// <remarks>The operators of Python take no argument by name.</remarks>
    private static Test Compare(string op) => (context, subject, arguments) =>
        Comparison.Apply(context, op, subject, arguments.Exactly(op, 1)[0]);

    private static TemplateValue Argument(CallArguments arguments, string test, string parameter) =>
        arguments.Bind(test, parameter)[0].Required(test, parameter);

    private static IntegerValue Two(CallArguments arguments, string test)
    {
        arguments.Bind(test);
        return new IntegerValue(2);
    }

    private static bool Remains(RenderContext context, TemplateValue subject, TemplateValue divisor, int expected) =>
        Comparison.AreEqual(context, Arithmetic.Apply(context, "%", subject, divisor), new IntegerValue(expected));

    private static bool Text(RenderContext context, TemplateValue subject, CallArguments arguments, Func<string, bool> holds)
    {
        arguments.Bind("is");
        var text = PythonText.Str(context, subject);
        context.Budget.Text(text.Length);
        return holds(text);
    }

    private static bool IsName(RenderContext context, TemplateValue subject, CallArguments arguments, Func<string, bool> exists)
    {
        arguments.Bind("is");
        context.Budget.Key(subject);
        if (!KeyComparer.CanBeKey(subject))
            throw new TemplateError($"a name cannot be a '{subject.TypeName}'");
        return subject is StringValue name && exists(name.Value);
    }

    /// <summary>Python's identity, as far as a value has one: scalars by type and value.</summary>
    private static bool IsSame(RenderContext context, TemplateValue left, TemplateValue right) => ReferenceEquals(left, right)
        || (left is StringValue or IntegerValue or FloatValue && left.GetType() == right.GetType()
            && Comparison.AreEqual(context, left, right));
}
