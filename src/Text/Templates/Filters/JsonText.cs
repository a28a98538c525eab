namespace AkkaCp.Text.Templates;

/// <summary>
/// The tojson filter as Hugging Face's: Python's <c>json.dumps</c> with <c>ensure_ascii=False</c>, so "é" and "&lt;" stay as they
/// are, items are parted by ", " and keys from values by ": ".
/// </summary>
internal sealed class JsonText
{
    private readonly RenderContext _context;
    private readonly BoundedText _result;
    private readonly bool _ensureAscii;
    private readonly bool _sortKeys;
    private readonly string? _indent;
    private readonly string _itemSeparator;
    private readonly string _keySeparator;
    private int _level;

    private JsonText(RenderContext context, TemplateValue?[] options)
    {
        _context = context;
        _result = new BoundedText(context.Budget);
        _ensureAscii = options[0].AsFlag();
        _indent = Indent(context, options[1]);
        _sortKeys = options[3].AsFlag();
        (_itemSeparator, _keySeparator) = options[2] switch
        {
            null or NoneValue => (_indent is null ? ", " : ",", ": "),
            var two when Sequences.Iterate(context, two) is [StringValue item, StringValue key] => (item.Value, key.Value),
            _ => throw new TemplateError("tojson(): argument 'separators' must be two strings"),
        };
    }

    /// <summary>tojson(value, ensure_ascii=false, indent=none, separators=none, sort_keys=false).</summary>
    public static TemplateValue Filter(RenderContext context, TemplateValue value, CallArguments arguments)
    {
        var text = new JsonText(context, arguments.Bind("tojson", "ensure_ascii", "indent", "separators", "sort_keys"));
        text.Append(value);
        return text._result.ToValue();
    }

    private static string? Indent(RenderContext context, TemplateValue? indent)
    {
        if (indent is null or NoneValue)
            return null;
        if (indent is StringValue text)
            return text.Value;
        var width = Math.Max(0, indent.AsInteger("tojson", "indent", 0));
        context.Budget.Text(width);
        return new string(' ', width);
    }

    private void Append(TemplateValue value)
    {
        _context.Budget.Enter();
        switch (value)
        {
            case StringValue text:
                AppendString(text.Value);
                break;
            case SequenceValue { Kind: not SequenceKind.Range } sequence:
                AppendGroup('[', ']', sequence.Items, Append);
                break;
            case MappingValue mapping:
                AppendGroup('{', '}', Entries(mapping), AppendEntry);
                break;
            default:
                _result.Append(Scalar(value));
                break;
        }

        _context.Budget.Leave();
    }

    private string Scalar(TemplateValue value) => value switch
    {
        NoneValue => "null",
        BooleanValue boolean => boolean.Value ? "true" : "false",
        IntegerValue integer => PythonText.OfInteger(_context, integer.Value),
        FloatValue { Value: double.NaN } => "NaN",
        FloatValue { Value: double.PositiveInfinity } => "Infinity",
        FloatValue { Value: double.NegativeInfinity } => "-Infinity",
        FloatValue number => PythonText.OfFloat(number.Value),
        UndefinedValue undefined => throw new TemplateError($"tojson: {undefined.Reason}"),
        _ => throw new TemplateError($"tojson cannot write '{value.TypeName}'"),
    };

    private IReadOnlyList<KeyValuePair<TemplateValue, TemplateValue>> Entries(MappingValue mapping) => _sortKeys
        ? [.. mapping.Entries.OrderBy(entry => entry.Key, Comparer<TemplateValue>.Create((a, b) => Comparison.Order(_context, a, b) ?? 0))]
        : [.. mapping.Entries];

    private void AppendGroup<T>(char open, char close, IReadOnlyList<T> items, Action<T> append)
    {
        _result.Append(open);
        _level++;
        for (var i = 0; i < items.Count; i++)
        {
            if (i > 0)
                _result.Append(_itemSeparator);
            AppendLineBreak();
            append(items[i]);
        }

        _level--;
        if (items.Count > 0)
            AppendLineBreak();
        _result.Append(close);
    }

    private void AppendLineBreak()
    {
        if (_indent is null)
            return;
        _result.Append('\n');
        for (var i = 0; i < _level; i++)
            _result.Append(_indent);
    }

    private void AppendEntry(KeyValuePair<TemplateValue, TemplateValue> entry)
    {
        AppendString(entry.Key is StringValue text ? text.Value : Scalar(entry.Key));
        _result.Append(_keySeparator);
        Append(entry.Value);
    }

    private void AppendString(string text)
    {
        _result.Append('"');
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (Escape(text[i]) is not { } escape)
                continue;
            _result.Append(text[start..i]);
            _result.Append(escape);
            start = i + 1;
        }

        _result.Append(text[start..]);
        _result.Append('"');
    }

    private string? Escape(char c) => c switch
    {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\b' => "\\b",
        '\f' => "\\f",
        < ' ' => $"\\u{(int)c:x4}",
        > '~' when _ensureAscii => $"\\u{(int)c:x4}",
        _ => null,
    };
}
