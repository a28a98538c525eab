using System.Collections.Frozen;
using System.Numerics;

namespace AkkaCp.Text.Templates;

/// <summary>The methods of dict, its views, list and tuple that read. Those that change a value do not exist,
/// as in Jinja's immutable sandbox.</summary>
internal static class CollectionMethods
{
    public static FrozenDictionary<string, Operation> OfMapping { get; } = new Dictionary<string, Operation>
    {
        ["copy"] = Copy,
        ["fromkeys"] = FromKeys,
        ["get"] = Get,
        ["items"] = View("items", MappingView.Items),
        ["keys"] = View("keys", MappingView.Keys),
        ["values"] = View("values", MappingView.Values),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static FrozenDictionary<string, Operation> OfView { get; } = new Dictionary<string, Operation>
    {
        ["isdisjoint"] = IsDisjoint,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static FrozenDictionary<string, Operation> OfTuple { get; } = new Dictionary<string, Operation>
    {
        ["count"] = Count,
        ["index"] = Index,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static FrozenDictionary<string, Operation> OfList { get; } = new Dictionary<string, Operation>
    {
        ["copy"] = (context, subject, arguments) =>
        {
            arguments.Exactly("copy", 0);
            return context.List(((SequenceValue)subject).Items);
        },
        ["count"] = Count,
        ["index"] = Index,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>dict.fromkeys(keys, value=none).</summary>
    public static TemplateValue FromKeys(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var bound = arguments.Between("fromkeys", 1, 2);
        var entries = MappingValue.NewEntries();
        foreach (var key in Sequences.Enumerate(context, bound[0]!))
        {
            context.Budget.Key(key);
            entries[key] = bound[1] ?? NoneValue.Instance;
        }

        return new MappingValue(entries);
    }

    private static Operation View(string name, MappingView view) => (context, subject, arguments) =>
    {
        arguments.Exactly(name, 0);
        return new MappingViewValue((MappingValue)subject, view);
    };

    private static MappingValue Copy(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        arguments.Exactly("copy", 0);
        return (MappingValue)subject;
    }

    private static TemplateValue Get(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var bound = arguments.Between("get", 1, 2);
        context.Budget.Key(bound[0]!);
        return ((MappingValue)subject).Entries.GetValueOrDefault(bound[0]!) ?? bound[1] ?? NoneValue.Instance;
    }

    private static BooleanValue IsDisjoint(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var others = Sequences.Enumerate(context, arguments.Exactly("isdisjoint", 1)[0]);
        return BooleanValue.Of(!others.Any(other => Comparison.Contains(context, subject, other)));
    }

    /// <summary>index(value, start=0, stop=end).</summary>
    private static IntegerValue Index(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var most = subject is RangeValue ? 1 : 3;
        var bound = arguments.Between("index", 1, most);
        var items = Sequences.Iterate(context, subject);
        var (start, stop) = (most == 1 ? 0 : bound[1].AsInteger("index", "start", 0),
            most == 1 ? int.MaxValue : bound[2].AsInteger("index", "stop", int.MaxValue));
        var (from, to) = new SliceBounds(start, stop, 1).Within(items.Count);
        for (var i = (int)from; i < to; i++)
        {
            if (Comparison.AreEqual(context, items[i], bound[0]!))
                return new IntegerValue(i);
        }

        throw new TemplateError("index(): the value is not in the list");
    }

    private static IntegerValue Count(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var wanted = arguments.Exactly("count", 1)[0];
        return new IntegerValue(
            new BigInteger(Sequences.Enumerate(context, subject).Count(item => Comparison.AreEqual(context, item, wanted))));
    }
}
