using System.Text.RegularExpressions;

namespace AkkaCp.Text.Templates;

/// <summary>urlize(value, trim_url_limit, nofollow, target, rel, extra_schemes): addresses in text become links.</summary>
internal sealed partial class Urlize
{
    private static readonly (string Open, string Close)[] s_pairs = [("(", ")"), ("<", ">"), ("&lt;", "&gt;")];

    private readonly RenderContext _context;
    private readonly TemplateValue? _limit;
    private readonly string _attributes;
    private readonly IReadOnlyList<string> _schemes;

    private Urlize(RenderContext context, TemplateValue?[] bound)
    {
        _context = context;
        _limit = bound[0];
        _attributes = Attribute("rel", Html.Escape(context, Relations(bound[3], bound[1].AsFlag())))
            + Attribute("target", bound[2] is { IsTruthy: true } target ? Html.Escape(context, target) : StringValue.Empty);
        _schemes = bound[4] is null or NoneValue
            ? []
            : [.. Sequences.Iterate(context, bound[4]!).Select(scheme => ((TemplateValue?)scheme).AsText("urlize", "extra_schemes"))];
        if (_schemes.FirstOrDefault(scheme => !Scheme().IsMatch(scheme)) is { } wrong)
            throw new TemplateError($"urlize: '{wrong}' is not a valid URI scheme prefix");
    }

    public static TemplateValue Filter(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var work = new Urlize(context, arguments.Bind("urlize", "trim_url_limit", "nofollow", "target", "rel", "extra_schemes"));
        var result = new BoundedText(context.Budget);
        foreach (var word in Words(Html.Escape(context, subject).Value))
        {
            context.Budget.Step();
            result.Append(word.Length > 0 && PythonSpace.IsSpace(word[0]) ? word : work.Linked(word));
        }

        return context.Escapes ? new MarkupValue(result.ToString()) : result.ToValue();
    }

    private static StringValue Relations(TemplateValue? rel, bool nofollow)
    {
        var given = rel is { IsTruthy: true } ? rel.AsText("urlize", "rel") : "";
        var parts = new SortedSet<string>(given.Split(PythonSpace.All, StringSplitOptions.RemoveEmptyEntries), StringComparer.Ordinal)
        {
            "noopener",
        };
        if (nofollow)
            parts.Add("nofollow");
        return new StringValue(string.Join(' ', parts));
    }

    private static string Attribute(string name, StringValue value) => value.IsTruthy ? $" {name}=\"{value.Value}\"" : "";

    /// <summary>Runs of white space and of what is between, in turn.</summary>
    private static IEnumerable<string> Words(string text)
    {
        for (var start = 0; start < text.Length;)
        {
            var isSpace = PythonSpace.IsSpace(text[start]);
            var end = start;
            while (end < text.Length && PythonSpace.IsSpace(text[end]) == isSpace)
                end++;
            yield return text[start..end];
            start = end;
        }
    }

    private string Linked(string word)
    {
        var head = HeadLength(word);
        var tail = Math.Max(head, TailStart(word));
        foreach (var (open, close) in s_pairs)
            tail = Balanced(word, head, tail, open, close);
        return word[..head] + Link(word[head..tail]) + word[tail..];
    }

    private static int HeadLength(string word)
    {
        var head = 0;
        while (head < word.Length)
        {
            if (word[head] is '(' or '<')
                head++;
            else if (string.CompareOrdinal(word, head, "&lt;", 0, 4) == 0)
                head += 4;
            else
                break;
        }

        return head;
    }

    private static int TailStart(string word)
    {
        var tail = word.Length;
        while (tail > 0)
        {
            if (word[tail - 1] is ')' or '>' or '.' or ',' or '\n')
                tail--;
            else if (tail >= 4 && string.CompareOrdinal(word, tail - 4, "&gt;", 0, 4) == 0)
                tail -= 4;
            else
                break;
        }

        return tail;
    }

    /// <summary>Moves closing brackets from the tail to the address that has more opening ones.</summary>
    private static int Balanced(string word, int head, int tail, string open, string close)
    {
        var opened = Count(word.AsSpan(head, tail - head), open);
        if (opened <= Count(word.AsSpan(head, tail - head), close))
            return tail;
        for (var moved = 0; moved < opened; moved++)
        {
            var found = word.IndexOf(close, tail, StringComparison.Ordinal);
            if (found < 0)
                break;
            tail = found + close.Length;
        }

        return tail;
    }

    private static int Count(ReadOnlySpan<char> text, string part) => text.Count(part);

    private string Link(string middle)
    {
        if (Address().IsMatch(middle))
        {
            var hasScheme = middle.StartsWith("https://", StringComparison.Ordinal)
                || middle.StartsWith("http://", StringComparison.Ordinal);
            return $"<a href=\"{(hasScheme ? "" : "https://")}{middle}\"{_attributes}>{Trimmed(middle)}</a>";
        }

        if (middle.StartsWith("mailto:", StringComparison.Ordinal) && Email().IsMatch(middle[7..]))
            return $"<a href=\"{middle}\">{middle[7..]}</a>";
        if (IsEmail(middle))
            return $"<a href=\"mailto:{middle}\">{middle}</a>";
        foreach (var scheme in _schemes.Where(scheme => middle != scheme && middle.StartsWith(scheme, StringComparison.Ordinal)))
            middle = $"<a href=\"{middle}\"{_attributes}>{middle}</a>";
        return middle;
    }

    private static bool IsEmail(string text) => text.Contains('@', StringComparison.Ordinal)
        && !text.StartsWith("www.", StringComparison.Ordinal) && text[0] != '@' && !text.Contains(':', StringComparison.Ordinal)
        && Email().IsMatch(text);

    private string Trimmed(string address)
    {
        if (_limit.AsOptionalInteger("urlize", "trim_url_limit") is not { } limit || CodePoints.Count(address) <= limit)
            return address;
        return Slices.CutText(_context, address, SliceBounds.Before(limit)) + "...";
    }

    [GeneratedRegex(@"^([\w.+-]{2,}:(/){0,2})$", RegexOptions.NonBacktracking)]
    private static partial Regex Scheme();

    [GeneratedRegex(@"^\S+@\w[\w.-]*\.\w+$", RegexOptions.NonBacktracking)]
    private static partial Regex Email();

    [GeneratedRegex(
        """
        ^
        (
            (https?://|www\.)
            (([\w%-]+\.)+)?
            ([a-z]{2,63}|xn--[\w%]{2,59})
        |
            ([\w%-]{2,63}\.)+
            (com|net|int|edu|gov|org|info|mil)
        |
            (https?://)
            ((([\d]{1,3})(\.[\d]{1,3}){3})|(\[([\da-f]{0,4}:){2}([\da-f]{0,4}:?){1,6}]))
        )
        (?::[\d]{1,5})?
        (?:[/?\#]\S*)?
        $
        """,
        RegexOptions.NonBacktracking | RegexOptions.IgnoreCase | RegexOptions.IgnorePatternWhitespace | RegexOptions.CultureInvariant)]
    private static partial Regex Address();
}
