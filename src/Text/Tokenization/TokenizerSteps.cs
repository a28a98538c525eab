using System.Text.Json;
using AkkaCp.Text.Files;

namespace AkkaCp.Text.Tokenization;

/// <summary>
/// The steps of a tokenizer.json around its model, each written as a single one or as a Sequence. Steps that would make another
/// tokenizer of it are refused by name.
/// </summary>
internal static class TokenizerSteps
{
    private const string OnlyValue = "the only value supported";

    /// <summary>Whether the normalizer brings text to NFC: the only one there is, any number of times.</summary>
    /// <exception cref="ModelFormatException">Another normalizer.</exception>
    public static bool ReadNormalizer(LocatedJson normalizer)
    {
        var steps = Flat(normalizer, "normalizers").ToList();
        steps.ForEach(step => RequireText(step["type"], "NFC"));
        return steps.Count > 0;
    }

    /// <summary>Qwen2's pattern, then bytes.</summary>
    /// <exception cref="ModelFormatException">Other steps.</exception>
    public static void CheckPreTokenizer(LocatedJson preTokenizer)
    {
        var steps = Flat(preTokenizer, "pretokenizers").ToList();
        if (steps.Count != 2)
        {
            throw steps.Count == 1
                ? steps[0]["type"].Wrong("a Sequence of Split and ByteLevel")
                : preTokenizer.Wrong("two steps, Split and ByteLevel");
        }

        RequireText(steps[0]["type"], "Split");
        RequireText(steps[0]["pattern"]["Regex"], QwenPreTokenizer.Pattern);
        CheckBehavior(steps[0]);
        RequireText(steps[1]["type"], "ByteLevel");
        steps[1]["add_prefix_space"].RequireOff();
        if (steps[1]["use_regex"].Value.ValueKind != JsonValueKind.False)
            throw steps[1]["use_regex"].Wrong($"false, {OnlyValue}");
    }

    /// <summary>Bytes of the byte alphabet, put together.</summary>
    /// <exception cref="ModelFormatException">Other steps, or none.</exception>
    public static void CheckDecoder(LocatedJson decoder)
    {
        var steps = Flat(decoder, "decoders").ToList();
        if (steps.Count == 0)
            throw decoder.Wrong("the decoder ByteLevel");
        RequireText(steps[0]["type"], "ByteLevel");
        foreach (var step in steps.Skip(1))
            RequireText(step["type"], "Fuse");
    }

    /// <summary>The ids that go before and behind those of a single text.</summary>
    /// <exception cref="ModelFormatException">A step other than ByteLevel, which changes no ids, and TemplateProcessing.</exception>
    public static (IReadOnlyList<int> Before, IReadOnlyList<int> Behind) ReadPostProcessor(LocatedJson postProcessor)
    {
        var before = new List<int>();
        var behind = new List<int>();
        foreach (var step in Flat(postProcessor, "processors"))
        {
            if (step["type"].Text() == "TemplateProcessing")
                ReadTemplate(step, before, behind);
            else
                RequireText(step["type"], "ByteLevel");
        }

        return (before, behind);
    }

    /// <summary>Refuses another text.</summary>
    /// <exception cref="ModelFormatException">The value is another one.</exception>
    public static void RequireText(LocatedJson value, string expected)
    {
        if (value.Text() != expected)
            throw value.Wrong($"\"{expected}\", {OnlyValue}");
    }

    /// <summary>The pattern leaves nothing of a text unmatched, so a piece is what it matches under each of these.</summary>
    private static void CheckBehavior(LocatedJson split)
    {
        var behavior = split["behavior"].Text();
        if (behavior != "Isolated" && !(behavior == "Removed" && split["invert"].Flag()))
            throw split["behavior"].Wrong($"\"Isolated\", or \"Removed\" with invert, {OnlyValue}");
        split["invert"].Flag();
    }

    private static void ReadTemplate(LocatedJson template, List<int> before, List<int> behind)
    {
        var side = before;
        foreach (var part in template["single"].Items())
        {
            if (part["Sequence"].IsAbsent)
                side.AddRange(IdsOf(template, part["SpecialToken"]["id"].Text()));
            else if (side == before)
                side = behind;
            else
                throw part.Wrong("the text once");
        }

        if (side == before)
            throw template["single"].Wrong("the text between special tokens");
    }

    private static IEnumerable<int> IdsOf(LocatedJson template, string token) =>
        template["special_tokens"][token]["ids"].Items().Select(id => id.Integer());

    private static IEnumerable<LocatedJson> Flat(LocatedJson step, string key) =>
        step.IsAbsent ? []
        : step["type"].Text() != "Sequence" ? [step]
        : step[key].Items().SelectMany(inner => Flat(inner, key));
}
