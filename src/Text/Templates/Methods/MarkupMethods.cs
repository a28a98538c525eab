using System.Collections.Frozen;

namespace AkkaCp.Text.Templates;

/// <summary>The methods of MarkupSafe's Markup: those of str, that escape the texts they put in and give Markup.</summary>
internal static class MarkupMethods
{
    /// <summary>Methods that MarkupSafe leaves as str has them.</summary>
    private static readonly FrozenSet<string> s_plain = FrozenSet.Create("encode", "maketrans");

    public static FrozenDictionary<string, Operation> Table { get; } = MakeTable();

    private static FrozenDictionary<string, Operation> MakeTable()
    {
        var table = StringMethods.Table.ToDictionary(
            entry => entry.Key, entry => s_plain.Contains(entry.Key) ? entry.Value : Marked(entry.Value));
        foreach (var name in (string[])["center", "ljust", "rjust"])
            table[name] = Marked(Escaping(StringMethods.Table[name], 1));
        table["replace"] = Marked(Escaping(StringMethods.Table["replace"], 1));
        table["join"] = Join;
        table["escape"] = (context, _, arguments) => Html.Escape(context, arguments.Bind("escape", "s")[0].Required("escape", "s"));
        table["striptags"] = (context, subject, arguments) =>
        {
            arguments.Exactly("striptags", 0);
            return new StringValue(Html.StripTags(context, StringMethods.Text(subject)));
        };
        table["unescape"] = (context, subject, arguments) =>
        {
            arguments.Exactly("unescape", 0);
            return new StringValue(HtmlEntities.Unescape(context, StringMethods.Text(subject)));
        };
        return table.ToFrozenDictionary(StringComparer.Ordinal);
    }

    private static Operation Marked(Operation operation) => (context, subject, arguments) => operation(context, subject, arguments) switch
    {
        StringValue text => new MarkupValue(text.Value),
        SequenceValue sequence =>
            new SequenceValue([.. sequence.Items.Select(item => new MarkupValue(StringMethods.Text(item)))], sequence.Kind),
        var other => other,
    };

    /// <summary>An operation whose argument at an index is escaped first.</summary>
    private static Operation Escaping(Operation operation, int index) => (context, subject, arguments) => operation(
        context,
        subject,
        arguments with { Positional = [.. arguments.Positional.Select((value, i) => i == index ? Html.Escape(context, value) : value)] });

    private static MarkupValue Join(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var items = Sequences.Enumerate(context, arguments.Exactly("join", 1)[0]).Select(item => (TemplateValue)Html.Escape(context, item));
        return new MarkupValue(StringMethods.Text(StringMethods.Table["join"](
            context, new StringValue(StringMethods.Text(subject)), new CallArguments([context.List([.. items])], []))));
    }
}
