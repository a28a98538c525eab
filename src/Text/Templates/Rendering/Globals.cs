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

    /// <summary>dict(mapping or pairs, name=value, …).</summary>
    public static MappingValue Dict(RenderContext context, CallArguments arguments)
    {
        if (arguments.Positional.Count > 1)
            throw new TemplateError($"dict() takes at most 1 argument without a name, found {arguments.Positional.Count}");
        var entries = MappingValue.NewEntries();
        foreach (var (key, value) in arguments.Positional is [var source] ? Pairs(context, source) : [])
        {
            context.Budget.Key(key);
            entries[key] = value;
        }

        foreach (var (name, value) in arguments.Named)
            entries[new StringValue(name)] = value;
        return new MappingValue(entries);
    }

    private static void Define(Scope scope, string name, Operation operation) =>
        scope.Set(name, new BuiltinValue(operation, NoneValue.Instance, "function"));

    private static IEnumerable<(TemplateValue Key, TemplateValue Value)> Pairs(RenderContext context, TemplateValue source)
    {
        if (source is MappingValue mapping)
        {
            context.Budget.Items(mapping.Entries.Count);
            return mapping.Entries.Select(entry => (entry.Key, entry.Value));
        }

        return Sequences.Enumerate(context, source).Select(pair => Sequences.Iterate(context, pair) is [var key, var value]
            ? (key, value)
            : throw new TemplateError("dict() takes pairs of a key and a value"));
    }

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
        ? Arithmetic.ToInteger((NumberValue)value)
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
        foreach (var (name, value) in Dict(context, arguments).Entries)
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

    /// <summary>The type dict: a function that has a function.</summary>
    private sealed class DictTypeValue : CallableValue
    {
        public override string TypeName => "class 'dict'";

        public override TemplateValue? Attribute(string name) =>
            name == "fromkeys" ? new BuiltinValue(CollectionMethods.FromKeys, NoneValue.Instance) : null;

        public override TemplateValue Invoke(RenderContext context, CallArguments arguments) => Dict(context, arguments);
    }
}
