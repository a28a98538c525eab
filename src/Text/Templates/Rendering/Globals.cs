using System.Numerics;

namespace AkkaCp.Text.Templates;

/// <summary>The functions that every template can call: Jinja's, and the two that Hugging Face adds.</summary>
internal static class Globals
{
    /// <summary>Items of the longest range; the same as in Jinja's sandbox.</summary>
    public const int MaxRange = 100_000;

    public static void DefineIn(Scope scope)
    {
        Define(scope, "range", Range);
        scope.Set("dict", new DictTypeValue());
        Define(scope, "lipsum", LoremIpsum.Generate);
        Define(scope, "cycler", Cycler);
        Define(scope, "joiner", Joiner);
        Define(scope, "namespace", Namespace);
        Define(scope, "raise_exception", RaiseException);
        Define(scope, "strftime_now", StrftimeNow);
    }

    private static void Define(Scope scope, string name, Operation operation) =>
        scope.Set(name, new BuiltinValue(operation, NoneValue.Instance, "function"));

    private static RangeValue Range(RenderContext context, TemplateValue self, CallArguments arguments)
    {
        var bound = arguments.Between("range", 1, 3);
        var (start, stop) = bound[1] is null ? (BigInteger.Zero, Integer(bound[0]!)) : (Integer(bound[0]!), Integer(bound[1]!));
        var step = bound[2] is null ? BigInteger.One : Integer(bound[2]!);
        if (step.IsZero)
            throw new TemplateError("range(): the step cannot be zero");
        var count = RangeValue.Count(start, stop, step);
        return count <= MaxRange
            ? new RangeValue(start, stop, step, (int)count)
            : throw new TemplateError($"range(): {count} items are more than the limit of {MaxRange}");
    }

    private static BigInteger Integer(TemplateValue value) => value is IntegerValue or BooleanValue
        ? Numbers.ToInteger((NumberValue)value)
        : throw new TemplateError(
            value is UndefinedValue undefined ? undefined.Reason : $"range() takes integers, found '{value.TypeName}'");

    private static CyclerValue Cycler(RenderContext context, TemplateValue self, CallArguments arguments) =>
        arguments.AllPositional("cycler") is { Count: > 0 } items
            ? new CyclerValue(items)
            : throw new TemplateError("cycler() needs an item");

    private static JoinerValue Joiner(RenderContext context, TemplateValue self, CallArguments arguments) =>
        new(arguments.Bind("joiner", "sep")[0] ?? new StringValue(", "));

    private static NamespaceValue Namespace(RenderContext context, TemplateValue self, CallArguments arguments)
    {
        var result = new NamespaceValue();
        foreach (var (name, value) in DictTypeValue.Make(context, arguments).Entries)
            result.Attributes[PythonText.Str(context, name)] = value;
        return result;
    }

    private static TemplateValue RaiseException(RenderContext context, TemplateValue self, CallArguments arguments) =>
        throw new TemplateError(
            PythonText.Str(context, arguments.Bind("raise_exception", "message")[0].Required("raise_exception", "message")));

    private static StringValue StrftimeNow(RenderContext context, TemplateValue self, CallArguments arguments)
    {
        var format = arguments.Bind("strftime_now", "format")[0].AsText("strftime_now", "format");
        return Strftime.Format(context, format, context.Time.GetLocalNow());
    }
}
