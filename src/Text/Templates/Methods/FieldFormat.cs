namespace AkkaCp.Text.Templates;

/// <summary>
/// <c>text.format(…)</c> as Jinja's sandbox has it: Python's <c>string.Formatter</c>, with attributes and items found as a template
/// finds them.
/// </summary>
internal sealed class FieldFormat
{
    private const int MaxNesting = 2;

    private readonly RenderContext _context;
    private readonly StringValue _format;
    private readonly IReadOnlyList<TemplateValue> _positional;
    private readonly Func<string, TemplateValue?> _named;

    /// <summary>The next field without a name; null once fields have numbers.</summary>
    private int? _automatic = 0;

    private FieldFormat(
        RenderContext context, StringValue format, IReadOnlyList<TemplateValue> positional, Func<string, TemplateValue?> named)
    {
        _context = context;
        _format = format;
        _positional = positional;
        _named = named;
    }

    public static StringValue Format(RenderContext context, TemplateValue subject, CallArguments arguments) => Apply(
        context,
        (StringValue)subject,
        arguments.Positional,
        name => arguments.Named.FirstOrDefault(pair => pair.Name == name).Value);

    public static StringValue FormatMap(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var mapping = arguments.Exactly("format_map", 1)[0];
        return Apply(context, (StringValue)subject, [], name => mapping switch
        {
            MappingValue entries => entries.Find(name),
            UndefinedValue undefined => throw new TemplateError(undefined.Reason),
            _ => throw new TemplateError($"format_map() needs a mapping, found '{mapping.TypeName}'"),
        });
    }

    private static StringValue Apply(
        RenderContext context, StringValue format, IReadOnlyList<TemplateValue> positional, Func<string, TemplateValue?> named) =>
        format.With(new FieldFormat(context, format, positional, named).Expand(format.Value, MaxNesting));

    private string Expand(string format, int nesting)
    {
        if (nesting < 0)
            throw new TemplateError("a format's fields nest too deep");
        _context.Budget.Text(format.Length);
        var result = new BoundedText(_context.Budget);
        foreach (var part in FieldParser.Parse(format))
        {
            result.Append(part.Literal);
            if (part.Field is not { } field)
                continue;
            var value = Converted(Value(Numbered(field.Name)), field.Conversion);
            result.Append(Formatted(value, Expand(field.Specification, nesting - 1)));
        }

        return result.ToString();
    }

    private string Numbered(string name)
    {
        if (name.Length == 0)
        {
            var next = _automatic ?? throw new TemplateError("a format cannot go from numbered fields to fields without a name");
            _automatic = next + 1;
            return next.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        if (!name.All(char.IsDigit))
            return name;
        if (_automatic > 0)
            throw new TemplateError("a format cannot go from fields without a name to numbered fields");
        _automatic = null;
        return name;
    }

    private TemplateValue Value(string name)
    {
        var path = FieldParser.ParsePath(name);
        var value = path.Index is { } index
            ? index < _positional.Count ? _positional[index] : throw new TemplateError($"the format has no value {index}")
            : _named(path.Name) ?? throw new TemplateError($"the format has no value '{path.Name}'");
        foreach (var step in path.Steps)
        {
            _context.Budget.Step();
            value = step.IsAttribute ? Members.Attribute(value, step.Name) : Members.Item(_context, value, step.Key);
        }

        return value;
    }

    private TemplateValue Converted(TemplateValue value, char conversion) => conversion switch
    {
        '\0' => value,
        's' => new StringValue(PythonText.Str(_context, value)),
        'r' => new StringValue(PythonRepr.Of(_context, value)),
        'a' => new StringValue(PythonRepr.Of(_context, value, ascii: true)),
        _ => throw new TemplateError($"unknown conversion '!{conversion}' in a format"),
    };

    private string Formatted(TemplateValue value, string specification)
    {
        if (_format is not MarkupValue)
            return ValueFormat.Apply(_context, value, specification);
        if (value is not MarkupValue markup)
            return Html.Escape(_context, new StringValue(ValueFormat.Apply(_context, value, specification))).Value;
        return specification.Length == 0 ? markup.Value : throw new TemplateError("a Markup takes no format specification");
    }
}
