namespace AkkaCp.Text.Templates;

/// <summary>Reads the tokens inside one tag, up to its end mark. The mark counts only where no bracket is open.</summary>
internal sealed class ExpressionLexer(TemplateSource source, List<Token> tokens)
{
    private static readonly string[] s_longOperators = ["//", "**", "==", "!=", ">=", "<="];
    private const int MaxNameChars = 255;
    private const string ShortOperators = "+-/*%~[](){}<>=.:|,;";

    private readonly string _text = source.Text;
    private readonly Stack<char> _open = [];
    private int _offset;

    /// <summary>Adds the tokens to the list; returns where the end mark, or the sign before it, begins, and that sign.</summary>
    public (int Offset, char Sign) ReadUntil(string closing, int offset, int tag)
    {
        _offset = PythonSpace.SkipForward(_text, offset);
        while (_offset < _text.Length)
        {
            if (_open.Count == 0 && EndMark(closing) is { } sign)
                return (_offset, sign);
            tokens.Add(ReadToken());
            _offset = PythonSpace.SkipForward(_text, _offset);
        }

        throw source.ErrorAt(tag, $"tag has no end '{closing}'");
    }

    private char? EndMark(string closing)
    {
        if (At(closing, _offset))
            return '\0';
        var sign = _text[_offset];
        var signed = sign == '-' || (sign == '+' && closing == "%}");
        return signed && At(closing, _offset + 1) ? sign : null;
    }

    private bool At(string expected, int offset) => string.CompareOrdinal(_text, offset, expected, 0, expected.Length) == 0;

    private Token ReadToken()
    {
        var c = _text[_offset];
        if (char.IsAsciiDigit(c))
            return ReadNumber();
        if (c == '_' || char.IsLetter(c))
            return ReadName();
        return c is '\'' or '"' ? ReadString(c) : ReadOperator();
    }

    private Token ReadName()
    {
        var end = End(_offset, static c => c == '_' || char.IsLetterOrDigit(c));
        // Names are looked up again and again, so their length is bounded.
        return end - _offset <= MaxNameChars
            ? Take(TokenKind.Name, end)
            : throw source.ErrorAt(_offset, $"name has more than {MaxNameChars} characters");
    }

    private Token Take(TokenKind kind, int end)
    {
        var token = new Token(kind, _text[_offset..end], _offset);
        _offset = end;
        return token;
    }

    private int End(int offset, Func<char, bool> belongs)
    {
        while (offset < _text.Length && belongs(_text[offset]))
            offset++;
        return offset;
    }

    private Token ReadNumber()
    {
        // In a.0.1 the numbers after a dot are indices, not fractions.
        var afterDot = _offset > 0 && _text[_offset - 1] == '.';
        var floatEnd = afterDot ? null : NumberLiteral.FloatEnd(_text, _offset);
        var token = Take(floatEnd is null ? TokenKind.Integer : TokenKind.Float, floatEnd ?? NumberLiteral.IntegerEnd(_text, _offset));
        return token with { Text = token.Text.Replace("_", "", StringComparison.Ordinal) };
    }

    private Token ReadString(char quote)
    {
        var start = _offset;
        var end = start + 1;
        while (end < _text.Length && _text[end] != quote)
            end += _text[end] == '\\' ? 2 : 1;
        if (end >= _text.Length)
            throw source.ErrorAt(start, "string has no end");
        _offset = end + 1;
        var value = StringLiteral.Unescape(_text.AsSpan(start + 1, end - start - 1))
            ?? throw source.ErrorAt(start, "string has a malformed escape");
        return new Token(TokenKind.String, value, start);
    }

    private Token ReadOperator()
    {
        var length = Array.Exists(s_longOperators, op => At(op, _offset)) ? 2 : 1;
        var c = _text[_offset];
        if (length == 1 && !ShortOperators.Contains(c, StringComparison.Ordinal))
            throw source.ErrorAt(_offset, $"unexpected character '{c}'");
        if (length == 1)
            Balance(c);
        return Take(TokenKind.Operator, _offset + length);
    }

    private void Balance(char c)
    {
        if (c is '(' or '[' or '{')
            _open.Push(c switch { '(' => ')', '[' => ']', _ => '}' });
        else if (c is ')' or ']' or '}' && (_open.Count == 0 || _open.Pop() != c))
            throw source.ErrorAt(_offset, $"unexpected '{c}'");
    }
}
