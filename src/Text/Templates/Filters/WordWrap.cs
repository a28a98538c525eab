using System.Text.RegularExpressions;

namespace AkkaCp.Text.Templates;

/// <summary>wordwrap(text, width=79, break_long_words=true, wrapstring="\n", break_on_hyphens=true):
/// Python's textwrap, line by line.</summary>
internal sealed partial class WordWrap
{
    private readonly RenderContext _context;
    private readonly int _width;
    private readonly bool _breaksLongWords;
    private readonly bool _breaksOnHyphens;

    private WordWrap(RenderContext context, TemplateValue?[] bound)
    {
        _context = context;
        _width = bound[0].AsInteger("wordwrap", "width", 79);
        _breaksLongWords = bound[1].AsFlag(absent: true);
        _breaksOnHyphens = bound[3].AsFlag(absent: true);
    }

    public static TemplateValue Filter(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var bound = arguments.Bind("wordwrap", "width", "break_long_words", "wrapstring", "break_on_hyphens");
        var work = new WordWrap(context, bound);
        var text = ((TemplateValue?)subject).AsText("wordwrap", "s");
        var separator = bound[2] is null or NoneValue ? "\n" : bound[2].AsText("wordwrap", "wrapstring");
        var isMarkup = bound[2] is MarkupValue;
        var result = new BoundedText(context.Budget);
        var isFirst = true;
        foreach (var line in TextSplitting.Lines(text).SelectMany(work.Wrapped))
        {
            if (!isFirst)
                result.Append(separator);
            result.Append(isMarkup ? Html.Escape(context, new StringValue(line)).Value : line);
            isFirst = false;
        }

        return isMarkup ? new MarkupValue(result.ToString()) : result.ToValue();
    }

    /// <summary>The lines that a line becomes; an empty one stays.</summary>
    private IEnumerable<string> Wrapped(string line)
    {
        if (_width <= 0)
            throw new TemplateError($"wordwrap: the width must be above 0, found {_width}");
        var chunks = new Queue<Chunk>(Chunks(line));
        var (lines, current, length) = (0, new List<string>(), 0);
        while (chunks.TryPeek(out var first))
        {
            if (first.IsBlank && lines > 0)
                chunks.Dequeue();
            for (current.Clear(), length = 0; chunks.TryPeek(out var next) && length + next.Length <= _width; chunks.Dequeue())
            {
                current.Add(next.Text);
                length += next.Length;
            }

            if (chunks.TryPeek(out var tooLong) && tooLong.Length > _width)
                BreakWord(chunks, current, _width - length);
            if (current.Count > 0 && Chunk.AllBlank(current[^1]))
                current.RemoveAt(current.Count - 1);
            if (current.Count == 0)
                continue;
            lines++;
            yield return string.Concat(current);
        }

        if (lines == 0)
            yield return "";
    }

    private void BreakWord(Queue<Chunk> chunks, List<string> current, int space)
    {
        var word = chunks.Peek();
        if (_breaksLongWords)
            current.Add(word.Take(_context, _breaksOnHyphens ? word.HyphenEnd(space) ?? space : space));
        else if (current.Count == 0)
            current.Add(chunks.Dequeue().Text);
    }

    private IEnumerable<Chunk> Chunks(string line)
    {
        _context.Budget.Text(4L * line.Length);
        var parts = _breaksOnHyphens ? WordsAndHyphens().Split(line) : Blanks().Split(line);
        _context.Budget.Items(parts.Length);
        return parts.Where(part => part.Length > 0).Select(part => new Chunk(part));
    }

    [GeneratedRegex(@"([\t\n\v\f\r ]+)")]
    private static partial Regex Blanks();

    /// <summary>textwrap's: white space, dashes between words, or a word up to where it may be broken.</summary>
    [GeneratedRegex(
        """
        ([\t\n\v\f\r\ ]+
        |(?<=[\w!"'&.,?])-{2,}(?=\w)
        |[^\t\n\v\f\r\ ]+?(?:
            -(?:(?<=[^\d\W]{2}-)|(?<=[^\d\W]-[\w!"'&.,?]-))(?=[^\d\W]-?[^\d\W])
            |(?=[\t\n\v\f\r\ ]|\z)
            |(?<=[\w!"'&.,?])(?=-{2,}\w)
        ))
        """,
        RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex WordsAndHyphens();

    /// <summary>What is left of a piece of text; taking from its start copies nothing of the rest.</summary>
    private sealed class Chunk(string text)
    {
        private readonly CodePointStarts _starts = CodePoints.Starts(text);
        private readonly int _blankFrom = PythonSpace.TrimmedEnd(text);
        private int _taken;

        public int Length => _starts.Count - _taken;

        public string Text => text[_starts[_taken]..];

        public bool IsBlank => _starts[_taken] >= _blankFrom;

        public static bool AllBlank(string text) => text.All(PythonSpace.IsSpace);

        public string Take(RenderContext context, int count)
        {
            context.Budget.Items(1);
            count = Math.Min(count, Length);
            var part = text[_starts[_taken].._starts[_taken + count]];
            _taken += count;
            return part;
        }

        /// <summary>Where the last hyphen within the space ends, unless nothing but hyphens is before it.</summary>
        public int? HyphenEnd(int space)
        {
            for (var i = Math.Min(space, Length) - 1; i > 0; i--)
            {
                if (text[_starts[_taken + i]] == '-')
                    return text.AsSpan(_starts[_taken], i).ContainsAnyExcept('-') ? i + 1 : null;
            }

            return null;
        }
    }
}
