using System.Text;

namespace AkkaCp.Settings;

/// <summary>One pass over a HOCON text: replaces <c>${NAME}</c> by the environment's value and checks braces and quotes.</summary>
internal sealed class HoconSubstitution(string source, string text, List<string> problems)
{
    private readonly StringBuilder _plain = new(text.Length);
    private readonly Stack<(char Open, int Line)> _open = new();
    private readonly List<int> _commas = [];
    private int _at;
    private int _line = 1;
    private int _fieldStart;

    /// <summary>The text without substitutions; a field whose optional variable is not set is left out.</summary>
    public string Replace()
    {
        while (_at < text.Length)
            Next();
        foreach (var (open, line) in _open)
            problems.Add($"{source}, line {line}: '{open}' is never closed");
        return _plain.ToString();
    }

    /// <summary>The line in the text of a position in what <see cref="Replace"/> gave.</summary>
    public int LineAt(int position)
    {
        var plain = _plain.ToString();
        return 1 + plain.AsSpan(0, Math.Min(position, plain.Length)).Count('\n') - _commas.Count(comma => comma < position);
    }

    private void Next()
    {
        switch (text[_at])
        {
            case '"':
                CopyString();
                break;
            case '#':
            case '/' when Peek(1) == '/':
                SkipComment();
                break;
            case '$' when Peek(1) == '{':
                Substitute();
                break;
            case '{' or '[':
                _open.Push((text[_at], _line));
                CopyAndStartField();
                break;
            case '}' or ']':
                Close();
                CopyAndStartField();
                break;
            case '\n':
                CopyAndStartField();
                break;
            case ',':
                Separate();
                break;
            default:
                _plain.Append(text[_at++]);
                break;
        }
    }

    private char Peek(int ahead) => _at + ahead < text.Length ? text[_at + ahead] : '\0';

    private void CopyAndStartField()
    {
        if (text[_at] == '\n')
            _line++;
        _plain.Append(text[_at++]);
        _fieldStart = _plain.Length;
    }

    /// <remarks>Between fields a comma means what a line's end does, and Akka's parser takes only that behind a brace.</remarks>
    private void Separate()
    {
        var isItem = _open.TryPeek(out var last) && last.Open == '[';
        if (!isItem)
            _commas.Add(_plain.Length);
        _plain.Append(isItem ? ',' : '\n');
        _at++;
        _fieldStart = _plain.Length;
    }

    private void Close()
    {
        var expected = text[_at] == '}' ? '{' : '[';
        if (!_open.TryPop(out var last) || last.Open != expected)
            problems.Add($"{source}, line {_line}: '{text[_at]}' closes nothing");
    }

    private void SkipComment()
    {
        while (_at < text.Length && text[_at] != '\n')
            _at++;
    }

    private void CopyString()
    {
        var quote = text.AsSpan(_at).StartsWith("\"\"\"") ? "\"\"\"" : "\"";
        var (start, line) = (_at, _line);
        for (_at += quote.Length; _at < text.Length; _at++)
        {
            if (text.AsSpan(_at).StartsWith(quote))
            {
                _at += quote.Length;
                _plain.Append(text, start, _at - start);
                return;
            }

            if (text[_at] == '\n' && quote.Length == 1)
                break;
            if (text[_at] == '\n')
                _line++;
            if (text[_at] == '\\' && quote.Length == 1)
                _at++;
        }

        problems.Add($"{source}, line {line}: the string is never closed");
        _at = Math.Min(_at, text.Length);
    }

    private void Substitute()
    {
        var end = text.IndexOf('}', _at);
        var name = end < 0 ? "" : text[(_at + 2)..end];
        var optional = name.StartsWith('?');
        name = name.TrimStart('?').Trim();
        if (name.Length == 0 || name.Any(letter => !char.IsAsciiLetterOrDigit(letter) && letter != '_'))
        {
            problems.Add($"{source}, line {_line}: expected ${{NAME}} or ${{?NAME}} with the name of an environment variable");
            _at += 2;
            return;
        }

        _at = end + 1;
        if (Environment.GetEnvironmentVariable(name) is { } value)
            _plain.Append(HoconText.Quote(value));
        else if (optional)
            _plain.Length = _fieldStart;
        else
            problems.Add($"{source}, line {_line}: the environment variable {name} is not set");
    }
}
