using System.Numerics;

namespace AkkaCp.Model.Templates;

/// <summary>The functions that every template can call: Jinja's, and the two that Hugging Face adds.</summary>
internal static class Globals
{
    /// <summary>Items of the longest range; the same as in Jinja's sandbox.</summary>
    public const int MaxRange = 100_000;

    public static void DefineIn(Scope scope)
    {
        Define(scope, "range", Range);
        Define(scope, "namespace", Namespace);
        Define(scope, "dict", Dict);
        Define(scope, "raise_exception", RaiseException);
        Define(scope, "strftime_now", StrftimeNow);
    }

    private static void Define(Scope scope, string name, Operation operation) =>
        scope.Set(name, new BuiltinValue(operation, NoneValue.Instance));

    private static SequenceValue Range(RenderContext context, TemplateValue self, CallArguments arguments)
    {
        var bound = arguments.Bind("range", "start", "stop", "step");
        var first = bound[0].Required("range", "stop").AsInteger("range", "stop", 0);
        var (start, stop) = bound[1] is null ? (0L, first) : (first, bound[1].AsInteger("range", "stop", 0));
        long step = bound[2].AsInteger("range", "step", 1);
        if (step == 0)
            throw new TemplateError("range(): the step cannot be zero");

        var count = Math.Max(0, (stop - start + step - Math.Sign(step)) / step);
        if (count > MaxRange)
            throw new TemplateError($"range(): {count} items are more than the limit of {MaxRange}");
        context.Budget.Items(count);
        var items = new TemplateValue[count];
        for (var i = 0; i < count; i++)
            items[i] = new IntegerValue(new BigInteger(start + i * step));
        return new SequenceValue(items);
    }

    private static NamespaceValue Namespace(RenderContext context, TemplateValue self, CallArguments arguments)
    {
        var result = new NamespaceValue();
        foreach (var (name, value) in Dict(context, self, arguments).Entries)
            result.Attributes[PythonText.Str(context, name)] = value;
        return result;
    }

    private static MappingValue Dict(RenderContext context, TemplateValue self, CallArguments arguments)
    {
        var entries = MappingValue.NewEntries();
        foreach (var source in arguments.Positional)
        {
            if (source is not MappingValue mapping)
                throw new TemplateError($"dict() copies a mapping, found '{source.TypeName}'");
            context.Budget.Items(mapping.Entries.Count);
            foreach (var (key, value) in mapping.Entries)
            {
                context.Budget.Key(key);
                entries[key] = value;
            }
        }

        foreach (var (name, value) in arguments.Named)
            entries[new StringValue(name)] = value;
        return new MappingValue(entries);
    }

    private static TemplateValue RaiseException(RenderContext context, TemplateValue self, CallArguments arguments) =>
        throw new TemplateError(PythonText.Str(context, arguments.Bind("raise_exception", "message")[0].Required("raise_exception", "message")));

    private static StringValue StrftimeNow(RenderContext context, TemplateValue self, CallArguments arguments)
    {
        var format = arguments.Bind("strftime_now", "format")[0].AsText("strftime_now", "format");
        return Strftime.Format(context, format, context.Time.GetLocalNow());
    }
}
