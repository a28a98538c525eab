using System.Globalization;
using System.Text;

namespace AkkaCp.Text.Templates;

/// <summary>Python's <c>repr</c>, and <c>ascii</c>: how values look inside lists and dicts.</summary>
internal sealed class PythonRepr
{
    private readonly RenderContext _context;
    private readonly BoundedText _result;
    private readonly bool _ascii;

    private PythonRepr(RenderContext context, bool ascii)
    {
        _context = context;
        _result = new BoundedText(context.Budget);
        _ascii = ascii;
    }

    public static string Of(RenderContext context, TemplateValue value, bool ascii = false)
    {
        var repr = new PythonRepr(context, ascii);
        repr.Append(value);
        return repr._result.ToString();
    }

    /// <summary>Whether Python prints the character as it is.</summary>
    public static bool IsPrintable(Rune rune) => rune.Value == ' ' || Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.SpaceSeparator);

    private void Append(TemplateValue value)
    {
        _context.Budget.Enter();
        switch (value)
        {
            case MarkupValue markup:
                AppendWithin("Markup(", ")", () => AppendQuoted(markup.Value));
                break;
            case StringValue text:
                AppendQuoted(text.Value);
                break;
            case RangeValue range:
                _result.Append(Range(range));
                break;
            case SequenceValue sequence:
                AppendSequence(sequence);
                break;
            case MappingValue mapping:
                AppendEntries(mapping.Entries.Select(entry => (entry.Key, entry.Value)));
                break;
            case MappingViewValue view:
                AppendWithin(view.TypeName + "([", "])", () => AppendItems(view.Items));
                break;
            case NamespaceValue scope:
                _result.Append("<Namespace ");
                AppendEntries(scope.Attributes.Select(entry => ((TemplateValue)new StringValue(entry.Key), entry.Value)));
                _result.Append('>');
                break;
            default:
                _result.Append(Scalar(value));
                break;
        }

        _context.Budget.Leave();
    }

    private string Scalar(TemplateValue value) => value switch
    {
        NoneValue => "None",
        BooleanValue boolean => boolean.Value ? "True" : "False",
        IntegerValue integer => PythonText.OfInteger(_context, integer.Value),
        FloatValue number => PythonText.OfFloat(number.Value),
        UndefinedValue => "Undefined",
        BytesValue bytes => Bytes(bytes),
        _ => value.Repr,
    };

    private static string Range(RangeValue range) => range.Step.IsOne
        ? string.Create(CultureInfo.InvariantCulture, $"range({range.Start}, {range.Stop})")
        : string.Create(CultureInfo.InvariantCulture, $"range({range.Start}, {range.Stop}, {range.Step})");

    private void AppendSequence(SequenceValue sequence)
    {
        if (sequence.Kind == SequenceKind.List)
            AppendWithin("[", "]", () => AppendItems(sequence.Items));
        else
            AppendWithin("(", sequence.Items.Count == 1 ? ",)" : ")", () => AppendItems(sequence.Items));
    }

    private void AppendWithin(string open, string close, Action inside)
    {
        _result.Append(open);
        inside();
        _result.Append(close);
    }

    private void AppendItems(IEnumerable<TemplateValue> items)
    {
        var separator = "";
        foreach (var item in items)
        {
            _result.Append(separator);
            Append(item);
            separator = ", ";
        }
    }

    private void AppendEntries(IEnumerable<(TemplateValue Key, TemplateValue Value)> entries)
    {
        var separator = "{";
        foreach (var (key, value) in entries)
        {
            _result.Append(separator);
            Append(key);
            _result.Append(": ");
            Append(value);
            separator = ", ";
        }

        _result.Append(separator == "{" ? "{}" : "}");
    }

    private void AppendQuoted(string text)
    {
        var quote = text.Contains('\'', StringComparison.Ordinal) && !text.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        _result.Append(quote);
        var start = 0;
        for (var i = 0; i < text.Length;)
        {
            if (text[i] is >= ' ' and <= '~' && text[i] != '\\' && text[i] != quote)
            {
                i++;
                continue;
            }

            _result.Append(text[start..i]);
            Rune.DecodeFromUtf16(text.AsSpan(i), out var rune, out var length);
            AppendEscaped(rune, quote);
            start = i += length;
        }

        _result.Append(text[start..]);
        _result.Append(quote);
    }

    private void AppendEscaped(Rune rune, char quote)
    {
        var simple = rune.Value switch { '\\' => "\\\\", '\n' => "\\n", '\r' => "\\r", '\t' => "\\t", _ => null };
        if (simple is not null)
        {
            _result.Append(simple);
        }
        else if (rune.Value == quote)
        {
            _result.Append("\\" + quote);
        }
        else if (!_ascii && IsPrintable(rune))
        {
            _result.Append(rune.ToString());
        }
        else
        {
            _result.Append(rune.Value < 0x100
                ? $"\\x{rune.Value:x2}"
                : rune.Value < 0x10000 ? $"\\u{rune.Value:x4}" : $"\\U{rune.Value:x8}");
        }
    }

    private string Bytes(BytesValue value)
    {
        _context.Budget.Text(4L * value.Bytes.Length);
        var quote = value.Bytes.Contains((byte)'\'') && !value.Bytes.Contains((byte)'"') ? '"' : '\'';
        return $"b{quote}{string.Concat(value.Bytes.Select(b => Byte(b, quote)))}{quote}";
    }

    private static string Byte(byte value, char quote) => (char)value switch
    {
        '\\' => "\\\\",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        var c when c == quote => "\\" + quote,
        >= ' ' and <= '~' => ((char)value).ToString(),
        _ => $"\\x{value:x2}",
    };
}
