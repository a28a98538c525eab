namespace AkkaCp.Text.Templates;

/// <summary>A template's text as Jinja reads it: every line break is "\n", and one at the very end is dropped.</summary>
internal sealed class TemplateSource
{
    private readonly List<int> _lineStarts = [0];

    public TemplateSource(string name, string text)
    {
        Name = name;
        Text = text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        if (Text.EndsWith('\n'))
            Text = Text[..^1];
        for (var i = 0; i < Text.Length; i++)
        {
            if (Text[i] == '\n')
                _lineStarts.Add(i + 1);
        }
    }

    public string Name { get; }

    public string Text { get; }

    public TemplateException ErrorAt(int offset, string reason, Exception? inner = null)
    {
        var found = _lineStarts.BinarySearch(offset);
        var line = found >= 0 ? found : ~found - 1;
        return new TemplateException(Name, line + 1, offset - _lineStarts[line] + 1, reason, inner);
    }
}
