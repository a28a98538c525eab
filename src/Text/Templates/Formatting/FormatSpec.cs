using System.Globalization;

namespace AkkaCp.Text.Templates;

/// <summary>Python's format specification: [[fill]align][sign][z][#][0][width][grouping][.precision][type].</summary>
internal readonly record struct FormatSpec
{
    public string Fill { get; private init; }

    /// <summary>&lt;, &gt;, ^ or =; '\0' where none is given.</summary>
    public char Align { get; private init; }

    /// <summary>+, - or a blank; '\0' where none is given.</summary>
    public char Sign { get; private init; }

    public bool NoNegativeZero { get; private init; }

    public bool Alternate { get; private init; }

    public bool ZeroPadded { get; private init; }

    public int? Width { get; private init; }

    /// <summary>A comma or underscore between groups of digits; '\0' for none.</summary>
    public char Grouping { get; private init; }

    public int? Precision { get; private init; }

    /// <summary>The letter at the end; '\0' where none is given.</summary>
    public char Type { get; private init; }

    /// <exception cref="TemplateError">It is malformed.</exception>
    public static FormatSpec Parse(string text)
    {
        var reader = new Reader(text);
        var (fill, align) = reader.TakeAlignment();
        var spec = new FormatSpec
        {
            Fill = fill,
            Align = align,
            Sign = reader.TakeAny("+- "),
            NoNegativeZero = reader.TakeAny("z") != '\0',
            Alternate = reader.TakeAny("#") != '\0',
            ZeroPadded = reader.TakeAny("0") != '\0',
            Width = reader.TakeNumber(),
            Grouping = reader.TakeAny(",_"),
            Precision = reader.TakePrecision(),
            Type = reader.TakeRest(),
        };
        return spec.ZeroPadded && fill.Length == 0 ? spec with { Fill = "0" } : spec;
    }

    /// <summary>Puts a text at its place in the width; a sign stands before the padding where the alignment is "=".</summary>
    public string Pad(RenderContext context, string sign, string text, char usual)
    {
        var length = sign.Length + CodePoints.Count(text);
        var missing = Math.Max(0, (Width ?? 0) - length);
        context.Budget.Text((long)missing * Math.Max(1, Fill.Length));
        var align = Align == '\0' ? usual : Align;
        var before = align switch { '<' => 0, '^' => missing / 2, _ => missing };
        var padding = Filling(before);
        return (align == '=' ? sign + padding : padding + sign) + text + Filling(missing - before);
    }

    private string Filling(int count) => Fill.Length switch
    {
        0 => new string(' ', count),
        1 => new string(Fill[0], count),
        _ => string.Concat(Enumerable.Repeat(Fill, count)),
    };

    private sealed class Reader(string text)
    {
        private const string Alignments = "<>=^";
        private int _offset;

        public (string Fill, char Align) TakeAlignment()
        {
            var first = text.Length > 1 && char.IsSurrogatePair(text, 0) ? 2 : 1;
            if (text.Length > first && Alignments.Contains(text[first], StringComparison.Ordinal))
            {
                _offset = first + 1;
                return (text[..first], text[first]);
            }

            return ("", TakeAny(Alignments));
        }

        public char TakeAny(string chars) =>
            _offset < text.Length && chars.Contains(text[_offset], StringComparison.Ordinal) ? text[_offset++] : '\0';

        public int? TakeNumber()
        {
            var start = _offset;
            while (_offset < text.Length && char.IsAsciiDigit(text[_offset]))
                _offset++;
            if (start == _offset)
                return null;
            return long.TryParse(text.AsSpan(start, _offset - start), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                ? (int)Math.Min(number, int.MaxValue)
                : throw Malformed("too many digits");
        }

        public int? TakePrecision()
        {
            if (TakeAny(".") == '\0')
                return null;
            return TakeNumber() ?? throw Malformed("no precision after the point");
        }

        public char TakeRest()
        {
            if (text.Length - _offset > 1)
                throw Malformed("expected one letter at the end");
            return _offset < text.Length ? text[_offset] : '\0';
        }

        private TemplateError Malformed(string reason) => new($"format specification '{text}': {reason}");
    }
}
