namespace AkkaCp.Text.Templates;

/// <summary>
/// Cuts a template into text and tags, with Jinja's rules for white space under <c>trim_blocks</c> and <c>lstrip_blocks</c>:
/// <c>-</c> in a tag eats all white space on its side; a block or comment eats one line break after it, and the blanks before it
/// when only blanks stand there on its line; <c>+</c> turns either off for that tag; <c>{{ }}</c> eats nothing of its own.
/// </summary>
internal sealed class Lexer
{
    private readonly TemplateSource _source;
    private readonly string _text;
    private readonly List<Token> _tokens = [];
    private int _offset;

    /// <summary>Whether the text from here on begins a line: nothing, or a tag that ended by eating a line break, is before it.</summary>
    private bool _lineStarting = true;

    private Lexer(TemplateSource source)
    {
        _source = source;
        _text = source.Text;
    }

    /// <exception cref="TemplateException">A tag, comment, raw block or string has no end, or a character belongs nowhere.</exception>
    public static List<Token> Tokenize(TemplateSource source)
    {
        var lexer = new Lexer(source);
        for (var tag = lexer.FindTag(); tag >= 0; tag = lexer.FindTag())
            lexer.ReadTag(tag);
        lexer.AddData(lexer._offset, lexer._text.Length);
        lexer._tokens.Add(new Token(TokenKind.End, "", lexer._text.Length));
        return lexer._tokens;
    }

    private int FindTag()
    {
        for (var i = _text.IndexOf('{', _offset); i >= 0 && i + 1 < _text.Length; i = _text.IndexOf('{', i + 1))
        {
            if (_text[i + 1] is '{' or '%' or '#')
                return i;
        }

        return -1;
    }

    private void ReadTag(int tag)
    {
        var kind = _text[tag + 1];
        var sign = SignAt(tag + 2);
        AddTrimmedData(tag, sign, isVariable: kind == '{');
        _offset = tag + 2 + (sign == '\0' ? 0 : 1);
        _lineStarting = false;
        switch (kind)
        {
            case '{':
                ReadExpression(TokenKind.VariableBegin, TokenKind.VariableEnd, tag);
                break;
            case '#':
                SkipComment(tag);
                break;
            default:
                if (TryReadWordTag(_offset, "raw") is var (end, endSign))
                    ReadRaw(tag, end, endSign);
                else
                    ReadExpression(TokenKind.BlockBegin, TokenKind.BlockEnd, tag);
                break;
        }
    }

    private char SignAt(int offset) => offset < _text.Length && _text[offset] is '-' or '+' ? _text[offset] : '\0';

    private void ReadExpression(TokenKind begin, TokenKind end, int tag)
    {
        _tokens.Add(new Token(begin, "", tag));
        var reader = new ExpressionLexer(_source, _tokens);
        var closing = end == TokenKind.VariableEnd ? "}}" : "%}";
        var (offset, sign) = reader.ReadUntil(closing, _offset, tag);
        _tokens.Add(new Token(end, "", offset));
        EndTag(offset + (sign == '\0' ? 2 : 3), sign, trimsNewline: end == TokenKind.BlockEnd);
    }

    private void SkipComment(int tag)
    {
        var end = _text.IndexOf("#}", _offset, StringComparison.Ordinal);
        if (end < 0)
            throw _source.ErrorAt(tag, "comment has no end '#}'");
        var sign = end > _offset ? SignAt(end - 1) : '\0';
        EndTag(end + 2, sign, trimsNewline: true);
    }

    private void ReadRaw(int tag, int contentStart, char sign)
    {
        EndTag(contentStart, sign, trimsNewline: false);
        for (var i = _text.IndexOf("{%", _offset, StringComparison.Ordinal);
            i >= 0;
            i = _text.IndexOf("{%", i + 1, StringComparison.Ordinal))
        {
            var beginSign = SignAt(i + 2);
            if (TryReadWordTag(i + 2 + (beginSign == '\0' ? 0 : 1), "endraw") is not var (end, endSign))
                continue;
            AddTrimmedData(i, beginSign, isVariable: false);
            EndTag(end, endSign, trimsNewline: true);
            return;
        }

        throw _source.ErrorAt(tag, "raw block has no '{% endraw %}'");
    }

    /// <summary>The end of the tag and its sign where <paramref name="word"/> alone fills the tag; else null.</summary>
    private (int End, char Sign)? TryReadWordTag(int offset, string word)
    {
        offset = PythonSpace.SkipForward(_text, offset);
        if (string.CompareOrdinal(_text, offset, word, 0, word.Length) != 0)
            return null;
        offset = PythonSpace.SkipForward(_text, offset + word.Length);
        var sign = SignAt(offset);
        if (sign != '\0')
            offset++;
        return string.CompareOrdinal(_text, offset, "%}", 0, 2) == 0 ? (offset + 2, sign) : null;
    }

    private void EndTag(int offset, char sign, bool trimsNewline)
    {
        if (sign == '-')
            offset = PythonSpace.SkipForward(_text, offset);
        else if (trimsNewline && sign != '+' && offset < _text.Length && _text[offset] == '\n')
            offset++;
        _lineStarting = _text[offset - 1] == '\n';
        _offset = offset;
    }

    private void AddTrimmedData(int end, char sign, bool isVariable)
    {
        var text = _text.AsSpan(_offset, end - _offset);
        var lineStart = text.LastIndexOf('\n') + 1;
        if (sign == '-')
            end = _offset + PythonSpace.TrimmedEnd(text);
        else if (sign != '+' && !isVariable && (lineStart > 0 || _lineStarting) && text[lineStart..].IsWhiteSpace())
            end = _offset + lineStart;
        AddData(_offset, end);
    }

    private void AddData(int start, int end)
    {
        if (end > start)
            _tokens.Add(new Token(TokenKind.Data, _text[start..end], start));
    }
}
