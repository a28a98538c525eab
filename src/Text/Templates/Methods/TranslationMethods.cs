using System.Numerics;
using System.Text;

namespace AkkaCp.Text.Templates;

/// <summary>str.maketrans and str.translate: characters replaced by a table of code points.</summary>
internal static class TranslationMethods
{
    /// <summary>maketrans(mapping), or maketrans(from, to, deleted=""): the table for translate.</summary>
    public static TemplateValue MakeTranslation(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var bound = arguments.Between("maketrans", 1, 3);
        return new MappingValue(bound[1] is null ? OfMapping(context, bound[0]!) : OfTexts(context, bound));
    }

    /// <summary>The text with each character looked up: none deletes it, an absent one stays.</summary>
    public static TemplateValue Translate(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var table = arguments.Exactly("translate", 1)[0];
        var result = new BoundedText(context.Budget);
        foreach (var c in StringMethods.Text(subject).EnumerateRunes())
        {
            context.Budget.Step();
            result.Append(Lookup(context, table, c) switch
            {
                null => c.ToString(),
                NoneValue => "",
                StringValue text => text.Value,
                NumberValue code and not FloatValue => IntegerFormat.Character(Numbers.ToInteger(code)),
                var other =>
                    throw new TemplateError($"translate(): a character becomes an integer, none or a string, found '{other.TypeName}'"),
            });
        }

        return result.ToValue();
    }

    private static TemplateValue? Lookup(RenderContext context, TemplateValue table, Rune c) => table switch
    {
        MappingValue mapping => mapping.Entries.GetValueOrDefault(new IntegerValue(c.Value)),
        SequenceValue or StringValue or BytesValue => Sequences.At(context, table, c.Value),
        UndefinedValue undefined => throw new TemplateError(undefined.Reason),
        _ => throw new TemplateError($"translate() needs a table, found '{table.TypeName}'"),
    };

    private static OrderedDictionary<TemplateValue, TemplateValue> OfMapping(RenderContext context, TemplateValue source)
    {
        if (source is not MappingValue mapping)
            throw new TemplateError($"maketrans() needs a mapping, found '{source.TypeName}'");
        context.Budget.Items(mapping.Entries.Count);
        var entries = MappingValue.NewEntries();
        foreach (var (key, value) in mapping.Entries)
        {
            entries[key switch
            {
                StringValue { Value: var text } when CodePoints.Count(text) == 1 => new IntegerValue(Rune.GetRuneAt(text, 0).Value),
                IntegerValue or BooleanValue => key,
                _ => throw new TemplateError("maketrans(): keys are integers or single characters"),
            }] = value;
        }

        return entries;
    }

    private static OrderedDictionary<TemplateValue, TemplateValue> OfTexts(RenderContext context, TemplateValue?[] bound)
    {
        var (from, to) = (Runes(context, bound[0], "x"), Runes(context, bound[1], "y"));
        if (from.Count != to.Count)
            throw new TemplateError("maketrans(): the first two texts must have the same length");
        var entries = MappingValue.NewEntries();
        foreach (var (key, value) in from.Zip(to))
            entries[new IntegerValue(key.Value)] = new IntegerValue(new BigInteger(value.Value));
        foreach (var deleted in bound[2] is null ? [] : Runes(context, bound[2], "z"))
            entries[new IntegerValue(deleted.Value)] = NoneValue.Instance;
        return entries;
    }

    private static List<Rune> Runes(RenderContext context, TemplateValue? text, string parameter)
    {
        var characters = text.AsText("maketrans", parameter);
        context.Budget.Items(characters.Length);
        return [.. characters.EnumerateRunes()];
    }
}
