using System.Globalization;
using System.Numerics;

namespace AkkaCp.Text.Templates;

/// <summary>Python's <c>text % values</c>: printf's directives, with values in order or by name as in %(name)s.</summary>
internal sealed class PercentFormat
{
    private readonly RenderContext _context;
    private readonly StringValue _format;
    private readonly TemplateValue _values;
    private readonly BoundedText _result;
    private int _offset;
    private int _taken;

    private PercentFormat(RenderContext context, StringValue format, TemplateValue values)
    {
        _context = context;
        _format = format;
        _values = values;
        _result = new BoundedText(context.Budget);
    }

    /// <summary>The text with its directives filled; of a Markup, Markup with values escaped.</summary>
    public static StringValue Apply(RenderContext context, StringValue format, TemplateValue values)
    {
        context.Budget.Text(format.Value.Length);
        var work = new PercentFormat(context, format, values);
        work.AppendAll();
        return format.With(work._result.ToString());
    }

    private bool Escapes => _format is MarkupValue;

    /// <summary>Python takes any single value that can be indexed for names; it may then stay unused.</summary>
    private bool HasNames => _values is MappingValue or BytesValue or UndefinedValue
        or SequenceValue { Kind: not SequenceKind.Tuple };

    private void AppendAll()
    {
        var text = _format.Value;
        while (_offset < text.Length)
        {
            var percent = text.IndexOf('%', _offset);
            _result.Append(text[_offset..(percent < 0 ? text.Length : percent)]);
            if (percent < 0)
                break;
            _offset = percent + 1;
            if (Skip('%'))
                _result.Append('%');
            else
                AppendDirective();
        }

        var count = _values is SequenceValue { Kind: SequenceKind.Tuple } tuple ? tuple.Items.Count : 1;
        if (_taken < count && !HasNames)
            throw new TemplateError("not all values were used by the format");
    }

    private void AppendDirective()
    {
        var named = At('(') ? NamedValue() : null;
        var flags = TakeFlags();
        var width = TakeSize(named is not null);
        if (width < 0)
            (width, flags) = (-width, flags + "-");
        int? precision = null;
        if (Skip('.'))
            precision = Math.Max(0, TakeSize(named is not null) ?? 0);
        if (_offset < _format.Value.Length && _format.Value[_offset] is 'h' or 'l' or 'L')
            _offset++;
        var type = _offset < _format.Value.Length
            ? _format.Value[_offset++]
            : throw new TemplateError("the format ends within a directive");
        var value = named ?? NextValue();
        var (sign, body) = Convert(type, value, flags, precision);
        Append(sign, body, flags, width ?? 0, isNumber: type is not ('s' or 'r' or 'a' or 'c'));
    }

    private void Append(string sign, string body, string flags, int width, bool isNumber)
    {
        var missing = Math.Max(0, width - sign.Length - CodePoints.Count(body));
        var left = flags.Contains('-', StringComparison.Ordinal);
        var zeros = isNumber && !left && flags.Contains('0', StringComparison.Ordinal);
        if (!left && !zeros)
            _result.Append(' ', missing);
        _result.Append(sign);
        if (zeros)
            _result.Append('0', missing);
        _result.Append(body);
        if (left)
            _result.Append(' ', missing);
    }

    private (string Sign, string Body) Convert(char type, TemplateValue value, string flags, int? precision)
    {
        switch (type)
        {
            case 's' or 'r' or 'a':
                return ("", Cut(AsText(type, value), precision));
            case 'c':
                return ("", AsCharacter(value));
            case 'd' or 'i' or 'u' or 'o' or 'x' or 'X':
                var integer = type is 'o' or 'x' or 'X' ? AsIndex(type, value) : AsInteger(type, value);
                return (Sign(integer.Sign < 0, flags) + (type is 'o' or 'x' or 'X' && Has(flags, '#') ? "0" + type : ""),
                    OfInteger(integer, type, precision));
            case 'e' or 'E' or 'f' or 'F' or 'g' or 'G':
                var number = AsFloat(value);
                return (Sign(double.IsNegative(number) && !double.IsNaN(number), flags),
                    FloatFormat.Digits(_context, number, type, precision ?? 6, Has(flags, '#')));
            default:
                throw new TemplateError($"unsupported format character '{type}'");
        }
    }

    private static bool Has(string flags, char flag) => flags.Contains(flag, StringComparison.Ordinal);

    private static string Sign(bool isNegative, string flags) => isNegative ? "-" : Has(flags, '+') ? "+" : Has(flags, ' ') ? " " : "";

    private string OfInteger(BigInteger value, char type, int? precision)
    {
        var digits = IntegerFormat.Digits(_context, BigInteger.Abs(value), type is 'i' or 'u' ? 'd' : type).Digits;
        _context.Budget.Text(precision ?? 0);
        return digits.PadLeft(precision ?? 0, '0');
    }

    private string Cut(string text, int? precision) =>
        precision is { } most ? Slices.CutText(_context, text, SliceBounds.Before(most)) : text;

    private string AsText(char type, TemplateValue value)
    {
        if (type == 's')
            return Escapes ? Html.Escape(_context, value).Value : PythonText.Str(_context, value);
        var repr = PythonRepr.Of(_context, value, ascii: type == 'a');
        return Escapes ? Html.Escape(_context, new StringValue(repr)).Value : repr;
    }

    private string AsCharacter(TemplateValue value) => value switch
    {
        _ when Escapes => throw new TemplateError("%c of a Markup takes no value"),
        IntegerValue or BooleanValue => IntegerFormat.Character(Numbers.ToInteger((NumberValue)value)),
        StringValue { Value: var text } when CodePoints.Count(text) == 1 => text,
        _ => throw new TemplateError($"%c needs an integer or a single character, found '{value.TypeName}'"),
    };

    private BigInteger AsIndex(char type, TemplateValue value) => value is IntegerValue or BooleanValue && !Escapes
        ? Numbers.ToInteger((NumberValue)value)
        : throw new TemplateError($"%{type} needs an integer, found '{value.TypeName}'");

    private BigInteger AsInteger(char type, TemplateValue value) => value switch
    {
        FloatValue number => Arithmetic.Truncate(number.Value),
        NumberValue number => Numbers.ToInteger(number),
        // The wrapper that MarkupSafe puts around values calls int() on them, which takes text.
        StringValue text when Escapes && NumberParsing.Integer(_context, text.Value, 10) is { } parsed => parsed,
        _ => throw new TemplateError($"%{type} needs a number, found '{value.TypeName}'"),
    };

    private double AsFloat(TemplateValue value) => value switch
    {
        NumberValue number => Numbers.ToDouble(number),
        StringValue text when Escapes && NumberParsing.Float(_context, text.Value) is { } parsed => parsed,
        _ => throw new TemplateError($"a float directive needs a number, found '{value.TypeName}'"),
    };

    private TemplateValue NamedValue()
    {
        if (_values is UndefinedValue undefined)
            throw new TemplateError(undefined.Reason);
        if (_values is not MappingValue mapping)
            throw new TemplateError("the format has names and needs a mapping");
        var name = TakeName();
        _context.Budget.Text(name.Length);
        return mapping.Find(name) ?? throw new TemplateError($"the format's mapping has no '{name}'");
    }

    /// <summary>What stands in the parentheses, which may nest.</summary>
    private string TakeName()
    {
        var start = ++_offset;
        for (var depth = 1; _offset < _format.Value.Length; _offset++)
        {
            depth += _format.Value[_offset] switch { '(' => 1, ')' => -1, _ => 0 };
            if (depth == 0)
                return _format.Value[start.._offset++];
        }

        throw new TemplateError("a name in the format has no end");
    }

    private string TakeFlags()
    {
        var start = _offset;
        while (_offset < _format.Value.Length && "#0- +".Contains(_format.Value[_offset], StringComparison.Ordinal))
            _offset++;
        return _format.Value[start.._offset];
    }

    private int? TakeSize(bool isNamed)
    {
        if (Skip('*'))
        {
            return !isNamed && NextValue() is NumberValue size and not FloatValue
                ? (int)BigInteger.Clamp(Numbers.ToInteger(size), -int.MaxValue, int.MaxValue)
                : throw new TemplateError("'*' in a format needs an integer");
        }

        var start = _offset;
        while (_offset < _format.Value.Length && char.IsAsciiDigit(_format.Value[_offset]))
            _offset++;
        if (start == _offset)
            return null;
        return int.TryParse(_format.Value.AsSpan(start, _offset - start), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new TemplateError("a size in a format is too big");
    }

    private TemplateValue NextValue()
    {
        var next = _taken++;
        if (_values is SequenceValue { Kind: SequenceKind.Tuple } tuple)
            return next < tuple.Items.Count ? tuple.Items[next] : throw NotEnough();
        return next == 0 ? _values : throw NotEnough();
    }

    private static TemplateError NotEnough() => new("not enough values for the format");

    private bool At(char c) => _offset < _format.Value.Length && _format.Value[_offset] == c;

    private bool Skip(char c)
    {
        var found = At(c);
        if (found)
            _offset++;
        return found;
    }
}
