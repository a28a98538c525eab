using System.Collections.Frozen;
using System.Text;

namespace AkkaCp.Model.Templates;

/// <summary>The methods of Python's str that templates use. Offsets count code points.</summary>
internal static class StringMethods
{
    public static FrozenDictionary<string, Operation> Table { get; } = new Dictionary<string, Operation>
    {
        ["strip"] = (c, s, a) => Strip(c, s, a, "strip", atStart: true, atEnd: true),
        ["lstrip"] = (c, s, a) => Strip(c, s, a, "lstrip", atStart: true, atEnd: false),
        ["rstrip"] = (c, s, a) => Strip(c, s, a, "rstrip", atStart: false, atEnd: true),
        ["split"] = (c, s, a) => TextSplitting.Split(c, Text(s), a, "split", fromEnd: false),
        ["rsplit"] = (c, s, a) => TextSplitting.Split(c, Text(s), a, "rsplit", fromEnd: true),
        ["splitlines"] = (c, s, a) => TextSplitting.SplitLines(c, Text(s), a),
        ["startswith"] = (c, s, a) => Affix(c, s, a, "startswith", static (text, part) => text.StartsWith(part, StringComparison.Ordinal)),
        ["endswith"] = (c, s, a) => Affix(c, s, a, "endswith", static (text, part) => text.EndsWith(part, StringComparison.Ordinal)),
        ["removeprefix"] = (c, s, a) => RemovePrefix(c, Text(s), a),
        ["removesuffix"] = (c, s, a) => RemoveSuffix(c, Text(s), a),
        ["replace"] = (c, s, a) => Replace(c, s, a),
        ["upper"] = (c, s, a) => Change(c, s, a, "upper", Upper),
        ["lower"] = (c, s, a) => Change(c, s, a, "lower", Lower),
        ["capitalize"] = (c, s, a) => Change(c, s, a, "capitalize", Capitalize),
        ["title"] = (c, s, a) => Change(c, s, a, "title", Title),
        ["find"] = (c, s, a) => Find(c, Text(s), a, "find", last: false),
        ["rfind"] = (c, s, a) => Find(c, Text(s), a, "rfind", last: true),
        ["count"] = Count,
        ["join"] = (c, s, a) => SequenceFilters.JoinWith(c, a.Bind("join", "iterable")[0].Required("join", "iterable"), Text(s)),
        ["isdigit"] = (c, s, a) => All(c, s, a, "isdigit", char.IsDigit),
        ["isalpha"] = (c, s, a) => All(c, s, a, "isalpha", char.IsLetter),
        ["isalnum"] = (c, s, a) => All(c, s, a, "isalnum", char.IsLetterOrDigit),
        ["isspace"] = (c, s, a) => All(c, s, a, "isspace", PythonSpace.IsSpace),
        ["isupper"] = (c, s, a) => NoArguments(a, "isupper", IsCased(c, Text(s), char.IsLower, char.IsUpper)),
        ["islower"] = (c, s, a) => NoArguments(a, "islower", IsCased(c, Text(s), char.IsUpper, char.IsLower)),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static string Upper(string text) => text.ToUpperInvariant();

    public static string Lower(string text) => text.ToLowerInvariant();

    public static string Capitalize(string text)
    {
        var first = text.Length > 1 && char.IsSurrogatePair(text, 0) ? 2 : Math.Min(1, text.Length);
        return Upper(text[..first]) + Lower(text[first..]);
    }

    /// <summary>Python's strip: of <paramref name="chars"/> as a set, or of white space.</summary>
    public static StringValue Strip(RenderContext context, string text, string? chars, bool atStart, bool atEnd)
    {
        context.Budget.Text(text.Length);
        context.Budget.Text(chars?.Length ?? 0);
        var set = chars is null ? null : new HashSet<char>(chars);
        bool Goes(char c) => set is null ? PythonSpace.IsSpace(c) : set.Contains(c);
        var (start, end) = (0, text.Length);
        while (atStart && start < end && Goes(text[start]))
            start++;
        while (atEnd && end > start && Goes(text[end - 1]))
            end--;
        return new StringValue(text[start..end]);
    }

    /// <summary>Whether the letters that have a case have the wanted one, and there are any.</summary>
    public static bool IsCased(RenderContext context, string text, Func<char, bool> never, Func<char, bool> once)
    {
        context.Budget.Text(text.Length);
        return !text.Any(never) && text.Any(once);
    }

    public static StringValue Replace(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var bound = arguments.Bind("replace", "old", "new", "count");
        var (old, with) = (bound[0].AsText("replace", "old"), bound[1].AsText("replace", "new"));
        var most = bound[2].AsInteger("replace", "count", -1);
        return Replace(context, PythonText.Str(context, subject), old, with, most < 0 ? int.MaxValue : most);
    }

    private static StringValue Replace(RenderContext context, string text, string old, string with, int most)
    {
        context.Budget.Text((long)text.Length + old.Length);
        var result = new BoundedText(context.Budget);
        var done = 0;
        for (var count = 0; count < most; count++)
        {
            // An empty text is found before each character and at the end.
            var found = old.Length > 0 ? TextSearch.IndexOf(text, old, done) : done + (count == 0 ? 0 : 1);
            if (found < 0 || found > text.Length)
                break;
            result.Append(text[done..found]);
            result.Append(with);
            done = found + old.Length;
            context.Budget.Step();
        }

        result.Append(text[done..]);
        return result.ToValue();
    }

    private static string Text(TemplateValue subject) => ((StringValue)subject).Value;

    private static StringValue Change(RenderContext context, TemplateValue subject, CallArguments arguments, string name, Func<string, string> change)
    {
        arguments.Bind(name);
        return context.Text(change(Text(subject)));
    }

    private static StringValue Strip(RenderContext context, TemplateValue subject, CallArguments arguments, string name, bool atStart, bool atEnd)
    {
        var chars = arguments.Bind(name, "chars")[0].AsOptionalText(name, "chars");
        return Strip(context, Text(subject), chars, atStart, atEnd);
    }

    /// <remarks>Python lets one ask for several affixes at once with a tuple.</remarks>
    private static BooleanValue Affix(
        RenderContext context, TemplateValue subject, CallArguments arguments, string name, Func<string, string, bool> has)
    {
        var wanted = arguments.Bind(name, "affix")[0].Required(name, "affix");
        var text = Text(subject);
        context.Budget.Text(text.Length);
        return BooleanValue.Of(wanted is SequenceValue { IsTuple: true } several
            ? Sequences.Iterate(context, several).Any(part => has(text, part.AsText(name, "affix")))
            : has(text, wanted.AsText(name, "affix")));
    }

    private static StringValue RemovePrefix(RenderContext context, string text, CallArguments arguments)
    {
        var prefix = arguments.Bind("removeprefix", "prefix")[0].AsText("removeprefix", "prefix");
        return context.Text(text.StartsWith(prefix, StringComparison.Ordinal) ? text[prefix.Length..] : text);
    }

    private static StringValue RemoveSuffix(RenderContext context, string text, CallArguments arguments)
    {
        var suffix = arguments.Bind("removesuffix", "suffix")[0].AsText("removesuffix", "suffix");
        return context.Text(text.EndsWith(suffix, StringComparison.Ordinal) ? text[..^suffix.Length] : text);
    }

    /// <remarks>A word begins after anything that is not a letter: "don't" gives "Don'T" here, but not in the title filter.</remarks>
    private static string Title(string text)
    {
        var result = new StringBuilder(text.Length);
        var inWord = false;
        foreach (var c in text)
        {
            result.Append(inWord ? char.ToLowerInvariant(c) : char.ToUpperInvariant(c));
            inWord = char.IsLetter(c);
        }

        return result.ToString();
    }

    private static IntegerValue Find(RenderContext context, string text, CallArguments arguments, string name, bool last)
    {
        var part = arguments.Bind(name, "sub")[0].AsText(name, "sub");
        context.Budget.Text((long)text.Length + part.Length);
        var offset = last ? TextSearch.LastIndexOf(text, part) : TextSearch.IndexOf(text, part);
        return new IntegerValue(offset < 0 ? -1 : Sequences.Length(context, new StringValue(text[..offset])));
    }

    private static IntegerValue Count(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var part = arguments.Bind("count", "sub")[0].AsText("count", "sub");
        var text = Text(subject);
        context.Budget.Text((long)text.Length + part.Length);
        if (part.Length == 0)
            return new IntegerValue(Sequences.Length(context, subject) + 1);
        var count = 0;
        for (var found = TextSearch.IndexOf(text, part); found >= 0; found = TextSearch.IndexOf(text, part, found + part.Length))
            count++;
        return new IntegerValue(count);
    }

    private static BooleanValue All(RenderContext context, TemplateValue subject, CallArguments arguments, string name, Func<char, bool> holds)
    {
        arguments.Bind(name);
        var text = Text(subject);
        context.Budget.Text(text.Length);
        return BooleanValue.Of(text.Length > 0 && text.All(holds));
    }

    private static BooleanValue NoArguments(CallArguments arguments, string name, bool value)
    {
        arguments.Bind(name);
        return BooleanValue.Of(value);
    }
}
