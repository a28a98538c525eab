namespace AkkaCp.Text.Templates;

/// <summary>pprint: Python's pprint.pformat, which breaks what is wider than 80 characters and sorts the keys of mappings.</summary>
internal sealed class PrettyPrint
{
    private const int Width = 80;

    /// <summary>What a sorted copy weighs, in list items.</summary>
    private const int CopyItems = 4;

    private readonly RenderContext _context;
    private readonly BoundedText _result;

    private PrettyPrint(RenderContext context)
    {
        _context = context;
        _result = new BoundedText(context.Budget);
    }

    public static TemplateValue Filter(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        arguments.Bind("pprint");
        var work = new PrettyPrint(context);
        work.Append(work.Sorted(subject), indent: 0, allowance: 0, level: 1);
        return work._result.ToValue();
    }

    /// <param name="value">The value, its mappings sorted.</param>
    /// <param name="indent">Where on the line it begins.</param>
    /// <param name="allowance">Characters that follow it on its last line.</param>
    /// <param name="level">1 for the outermost value.</param>
    private void Append(TemplateValue value, int indent, int allowance, int level)
    {
        _context.Budget.Enter();
        var text = PythonRepr.Of(_context, value);
        if (CodePoints.Count(text) <= Width - indent - allowance)
            _result.Append(text);
        else if (value is MappingValue { Entries.Count: > 0 } mapping)
            AppendEntries(mapping, indent + 1, allowance + 1, level);
        else if (value is SequenceValue { Kind: SequenceKind.List, Items.Count: > 0 } list)
            AppendItems("[", list.Items, "]", indent + 1, allowance, level);
        else if (value is SequenceValue { Kind: SequenceKind.Tuple, Items.Count: > 0 } tuple)
            AppendItems("(", tuple.Items, tuple.Items.Count == 1 ? ",)" : ")", indent + 1, allowance, level);
        else if (value is StringValue { Value.Length: > 0 } and not MarkupValue)
            AppendText(((StringValue)value).Value, indent, allowance, level);
        else
            _result.Append(text);
        _context.Budget.Leave();
    }

    private void AppendEntries(MappingValue mapping, int indent, int allowance, int level)
    {
        var left = mapping.Entries.Count;
        _result.Append('{');
        foreach (var (key, value) in mapping.Entries)
        {
            var text = PythonRepr.Of(_context, key);
            _result.Append(text + ": ");
            Append(value, indent + CodePoints.Count(text) + 2, --left == 0 ? allowance : 1, level + 1);
            if (left > 0)
                AppendBreak(",", indent);
        }

        _result.Append('}');
    }

    private void AppendItems(string open, IReadOnlyList<TemplateValue> items, string close, int indent, int allowance, int level)
    {
        _result.Append(open);
        for (var i = 0; i < items.Count; i++)
        {
            if (i > 0)
                AppendBreak(",", indent);
            Append(items[i], indent, i == items.Count - 1 ? allowance + close.Length : 1, level + 1);
        }

        _result.Append(close);
    }

    private void AppendBreak(string before, int indent)
    {
        _result.Append(before + "\n");
        _result.Append(' ', indent);
    }

    /// <summary>A text as several literals, one a line, in parentheses where nothing else is around them.</summary>
    private void AppendText(string text, int indent, int allowance, int level)
    {
        var outermost = level == 1;
        if (outermost)
            (indent, allowance) = (indent + 1, allowance + 1);
        var (literals, last) = Literals(text, Width - indent, allowance);
        if (literals.Count == 1)
        {
            _result.Append(last);
            return;
        }

        _result.Append(outermost ? "(" : "");
        for (var i = 0; i < literals.Count; i++)
        {
            if (i > 0)
                AppendBreak("", indent);
            _result.Append(literals[i]);
        }

        _result.Append(outermost ? ")" : "");
    }

    private (List<string> Literals, string Last) Literals(string text, int width, int allowance)
    {
        var (literals, last) = (new List<string>(), "");
        var lines = TextSplitting.Lines(text, keepsEnds: true).ToList();
        for (var i = 0; i < lines.Count; i++)
        {
            var isLast = i == lines.Count - 1;
            last = Literal(lines[i]);
            if (CodePoints.Count(last) <= width - (isLast ? allowance : 0))
                literals.Add(last);
            else
                AddWords(literals, lines[i], width, isLast ? allowance : 0);
        }

        return (literals, last);
    }

    private void AddWords(List<string> literals, string line, int width, int allowance)
    {
        var current = "";
        for (var start = 0; start < line.Length;)
        {
            var end = WordEnd(line, start);
            var part = line[start..end];
            if (CodePoints.Count(Literal(current + part)) > width - (end == line.Length ? allowance : 0))
            {
                if (current.Length > 0)
                    literals.Add(Literal(current));
                current = part;
            }
            else
            {
                current += part;
            }

            start = end;
        }

        if (current.Length > 0)
            literals.Add(Literal(current));
    }

    /// <summary>After a word and the white space behind it.</summary>
    private static int WordEnd(string line, int start)
    {
        while (start < line.Length && !PythonSpace.IsSpace(line[start]))
            start++;
        return PythonSpace.SkipForward(line, start);
    }

    private string Literal(string text) => PythonRepr.Of(_context, new StringValue(text));

    /// <summary>Keys that cannot be compared are ordered by their type's name.</summary>
    private TemplateValue Sorted(TemplateValue value)
    {
        _context.Budget.Enter();
        _context.Budget.Items(CopyItems);
        TemplateValue result = value switch
        {
            MappingValue mapping => SortedMapping(mapping),
            SequenceValue { Kind: SequenceKind.List or SequenceKind.Tuple } sequence =>
                new SequenceValue([.. sequence.Items.Select(Sorted)], sequence.Kind),
            _ => value,
        };
        _context.Budget.Leave();
        return result;
    }

    private MappingValue SortedMapping(MappingValue mapping)
    {
        _context.Budget.Items(mapping.Entries.Count);
        var comparer = Comparer<TemplateValue>.Create((a, b) =>
        {
            _context.Budget.Step();
            return Comparison.CanOrder(a, b) ? Comparison.Order(_context, a, b) ?? 0 : string.CompareOrdinal(a.TypeName, b.TypeName);
        });
        var entries = MappingValue.NewEntries();
        foreach (var (key, entry) in mapping.Entries.OrderBy(entry => entry.Key, comparer))
            entries[key] = Sorted(entry);
        return new MappingValue(entries);
    }
}
