using System.Collections.Frozen;
using System.Numerics;

namespace AkkaCp.Model.Templates;

/// <summary>The methods of dict and list that read. Those that change a value do not exist, as in Jinja's immutable sandbox.</summary>
internal static class CollectionMethods
{
    public static FrozenDictionary<string, Operation> OfMapping { get; } = new Dictionary<string, Operation>
    {
        ["items"] = (context, subject, arguments) => NoArguments("items", arguments, () => Items(context, (MappingValue)subject)),
        ["keys"] = (context, subject, arguments) =>
            NoArguments("keys", arguments, () => context.List([.. ((MappingValue)subject).Entries.Keys])),
        ["values"] = (context, subject, arguments) =>
            NoArguments("values", arguments, () => context.List([.. ((MappingValue)subject).Entries.Values])),
        ["get"] = Get,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static FrozenDictionary<string, Operation> OfSequence { get; } = new Dictionary<string, Operation>
    {
        ["index"] = Index,
        ["count"] = Count,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The entries as tuples of key and value.</summary>
    public static SequenceValue Items(RenderContext context, MappingValue mapping) =>
        context.List([.. mapping.Entries.Select(entry => new SequenceValue([entry.Key, entry.Value], isTuple: true))]);

    private static SequenceValue NoArguments(string name, CallArguments arguments, Func<SequenceValue> method)
    {
        arguments.Bind(name);
        return method();
    }

    private static TemplateValue Get(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var bound = arguments.Bind("get", "key", "default");
        var key = bound[0].Required("get", "key");
        context.Budget.Key(key);
        return ((MappingValue)subject).Entries.GetValueOrDefault(key) ?? bound[1] ?? NoneValue.Instance;
    }

    private static IntegerValue Index(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var wanted = arguments.Bind("index", "value")[0].Required("index", "value");
        var items = Sequences.Iterate(context, subject);
        for (var i = 0; i < items.Count; i++)
        {
            if (Comparison.AreEqual(context, items[i], wanted))
                return new IntegerValue(i);
        }

        throw new TemplateError("index(): the value is not in the list");
    }

    private static IntegerValue Count(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var wanted = arguments.Bind("count", "value")[0].Required("count", "value");
        return new IntegerValue(new BigInteger(Sequences.Iterate(context, subject).Count(item => Comparison.AreEqual(context, item, wanted))));
    }
}
