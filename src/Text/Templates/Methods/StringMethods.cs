using System.Collections.Frozen;
using System.Text;

namespace AkkaCp.Text.Templates;

/// <summary>The methods of Python's str. Offsets count code points.</summary>
internal static class StringMethods
{
    public static FrozenDictionary<string, Operation> Table { get; } = new Dictionary<string, Operation>
    {
        ["capitalize"] = Change("capitalize", CaseMapping.Capitalize),
        ["casefold"] = Change("casefold", CaseMapping.Fold),
        ["center"] = PaddingMethods.Center,
        ["count"] = SearchMethods.Count,
        ["encode"] = EncodingMethods.Encode,
        ["endswith"] = (c, s, a) =>
            SearchMethods.HasAffix(c, s, a, "endswith", static (text, part) => text.EndsWith(part, StringComparison.Ordinal)),
        ["expandtabs"] = PaddingMethods.ExpandTabs,
        ["find"] = (c, s, a) => SearchMethods.Find(c, s, a, "find", last: false),
        ["format"] = FieldFormat.Format,
        ["format_map"] = FieldFormat.FormatMap,
        ["index"] = (c, s, a) => SearchMethods.Index(c, s, a, "index", last: false),
        ["isalnum"] = All("isalnum", UnicodeText.IsAlphanumeric),
        ["isalpha"] = All("isalpha", UnicodeText.IsAlpha),
        ["isascii"] = All("isascii", c => c.IsAscii, ofEmpty: true),
        ["isdecimal"] = All("isdecimal", UnicodeText.IsDecimal),
        ["isdigit"] = All("isdigit", UnicodeText.IsDigit),
        ["isidentifier"] = Is("isidentifier", IsIdentifier),
        ["islower"] = Is("islower", IsLower),
        ["isnumeric"] = All("isnumeric", UnicodeText.IsNumeric),
        ["isprintable"] = All("isprintable", PythonRepr.IsPrintable, ofEmpty: true),
        ["isspace"] = All("isspace", UnicodeText.IsSpace),
        ["istitle"] = Is("istitle", IsTitle),
        ["isupper"] = Is("isupper", IsUpper),
        ["join"] = Join,
        ["ljust"] = (c, s, a) => PaddingMethods.Justify(c, s, a, "ljust", left: true),
        ["lower"] = Change("lower", CaseMapping.Lower),
        ["lstrip"] = Strip("lstrip", atStart: true, atEnd: false),
        ["maketrans"] = TranslationMethods.MakeTranslation,
        ["partition"] = (c, s, a) => TextSplitting.Partition(c, s, a, "partition", last: false),
        ["removeprefix"] = RemovePrefix,
        ["removesuffix"] = RemoveSuffix,
        ["replace"] = Replace,
        ["rfind"] = (c, s, a) => SearchMethods.Find(c, s, a, "rfind", last: true),
        ["rindex"] = (c, s, a) => SearchMethods.Index(c, s, a, "rindex", last: true),
        ["rjust"] = (c, s, a) => PaddingMethods.Justify(c, s, a, "rjust", left: false),
        ["rpartition"] = (c, s, a) => TextSplitting.Partition(c, s, a, "rpartition", last: true),
        ["rsplit"] = (c, s, a) => TextSplitting.Split(c, Text(s), a, "rsplit", fromEnd: true),
        ["rstrip"] = Strip("rstrip", atStart: false, atEnd: true),
        ["split"] = (c, s, a) => TextSplitting.Split(c, Text(s), a, "split", fromEnd: false),
        ["splitlines"] = (c, s, a) => TextSplitting.SplitLines(c, Text(s), a),
        ["startswith"] = (c, s, a) =>
            SearchMethods.HasAffix(c, s, a, "startswith", static (text, part) => text.StartsWith(part, StringComparison.Ordinal)),
        ["strip"] = Strip("strip", atStart: true, atEnd: true),
        ["swapcase"] = Change("swapcase", CaseMapping.SwapCase),
        ["title"] = Change("title", CaseMapping.Title),
        ["translate"] = TranslationMethods.Translate,
        ["upper"] = Change("upper", CaseMapping.Upper),
        ["zfill"] = PaddingMethods.ZeroFill,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static string Text(TemplateValue subject) => ((StringValue)subject).Value;

    /// <summary>Python's strip: of <paramref name="chars"/> as a set, or of white space.</summary>
    public static string Strip(RenderContext context, string text, string? chars, bool atStart, bool atEnd)
    {
        context.Budget.Text(text.Length);
        context.Budget.Text(chars?.Length ?? 0);
        var set = chars is null ? null : new HashSet<Rune>(chars.EnumerateRunes());
        bool Goes(Rune c) => set is null ? UnicodeText.IsSpace(c) : set.Contains(c);
        var rest = text.AsSpan();
        while (atStart && Rune.DecodeFromUtf16(rest, out var c, out var length) == System.Buffers.OperationStatus.Done && Goes(c))
            rest = rest[length..];
        while (atEnd && Rune.DecodeLastFromUtf16(rest, out var c, out var length) == System.Buffers.OperationStatus.Done && Goes(c))
            rest = rest[..^length];
        return rest.ToString();
    }

    public static bool IsLower(string text) => IsCased(text, UnicodeText.IsLower, c => UnicodeText.IsUpper(c) || UnicodeText.IsTitle(c));

    public static bool IsUpper(string text) => IsCased(text, UnicodeText.IsUpper, c => UnicodeText.IsLower(c) || UnicodeText.IsTitle(c));

    /// <summary>The text with the first <paramref name="most"/> finds replaced; all where that is negative.</summary>
    public static string Replace(RenderContext context, string text, string old, string with, int most)
    {
        context.Budget.Text((long)text.Length + old.Length);
        var result = new BoundedText(context.Budget);
        var done = 0;
        for (var count = 0; most < 0 || count < most; count++)
        {
            var found = old.Length > 0 ? TextSearch.IndexOf(text, old, done) : NextBorder(text, done, count == 0);
            if (found < 0)
                break;
            result.Append(text[done..found]);
            result.Append(with);
            done = found + old.Length;
            context.Budget.Step();
        }

        result.Append(text[done..]);
        return result.ToString();
    }

    /// <summary>An empty text is found before each character and at the end.</summary>
    private static int NextBorder(string text, int done, bool isFirst)
    {
        if (isFirst)
            return 0;
        if (done >= text.Length)
            return -1;
        return done + (char.IsSurrogatePair(text, done) ? 2 : 1);
    }

    private static bool IsCased(string text, Func<Rune, bool> wanted, Func<Rune, bool> never)
    {
        var any = false;
        foreach (var c in text.EnumerateRunes())
        {
            if (never(c))
                return false;
            any |= wanted(c);
        }

        return any;
    }

    private static bool IsTitle(string text)
    {
        var (any, inWord) = (false, false);
        foreach (var c in text.EnumerateRunes())
        {
            var isCased = UnicodeText.IsCased(c);
            if (isCased && UnicodeText.IsLower(c) != inWord)
                return false;
            any |= isCased;
            inWord = isCased;
        }

        return any;
    }

    private static bool IsIdentifier(string text)
    {
        var isFirst = true;
        foreach (var c in text.EnumerateRunes())
        {
            if (!(isFirst ? UnicodeText.BeginsIdentifier(c) : UnicodeText.ContinuesIdentifier(c)))
                return false;
            isFirst = false;
        }

        return !isFirst;
    }

    private static Operation Change(string name, Func<string, string> change) => (context, subject, arguments) =>
    {
        arguments.Exactly(name, 0);
        context.Budget.Text(Text(subject).Length);
        return context.Text(change(Text(subject)));
    };

    private static Operation Is(string name, Func<string, bool> holds) => (context, subject, arguments) =>
    {
        arguments.Exactly(name, 0);
        context.Budget.Text(Text(subject).Length);
        return BooleanValue.Of(holds(Text(subject)));
    };

    private static Operation All(string name, Func<Rune, bool> holds, bool ofEmpty = false) =>
        Is(name, text => text.Length == 0 ? ofEmpty : text.EnumerateRunes().All(holds));

    private static Operation Strip(string name, bool atStart, bool atEnd) => (context, subject, arguments) =>
    {
        var chars = arguments.Between(name, 0, 1)[0].AsOptionalText(name, "chars");
        return new StringValue(Strip(context, Text(subject), chars, atStart, atEnd));
    };

    private static StringValue Join(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var result = new BoundedText(context.Budget);
        var separator = "";
        foreach (var item in Sequences.Enumerate(context, arguments.Exactly("join", 1)[0]))
        {
            result.Append(separator);
            result.Append(item is StringValue text
                ? text.Value
                : throw new TemplateError($"join(): expected strings, found '{item.TypeName}'"));
            separator = Text(subject);
        }

        return result.ToValue();
    }

    private static StringValue Replace(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var bound = arguments.Between("replace", 2, 3);
        var (old, with) = (bound[0].AsText("replace", "old"), bound[1].AsText("replace", "new"));
        return new StringValue(Replace(context, Text(subject), old, with, bound[2].AsInteger("replace", "count", -1)));
    }

    private static StringValue RemovePrefix(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var (text, prefix) = (Text(subject), ((TemplateValue?)arguments.Exactly("removeprefix", 1)[0]).AsText("removeprefix", "prefix"));
        return context.Text(text.StartsWith(prefix, StringComparison.Ordinal) ? text[prefix.Length..] : text);
    }

    private static StringValue RemoveSuffix(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var (text, suffix) = (Text(subject), ((TemplateValue?)arguments.Exactly("removesuffix", 1)[0]).AsText("removesuffix", "suffix"));
        return context.Text(text.EndsWith(suffix, StringComparison.Ordinal) ? text[..^suffix.Length] : text);
    }
}
