using System.Runtime.CompilerServices;

namespace AkkaCp.Text.Templates;

/// <summary>The tokens of a template with a place in them, and the nesting that parsing has reached.</summary>
internal sealed class TokenStream(TemplateSource source, List<Token> tokens, int maxDepth)
{
    private int _next;
    private int _depth;

    public Token Current => tokens[_next];

    public Token Following => tokens[Math.Min(_next + 1, tokens.Count - 1)];

    public Token Next()
    {
        var token = Current;
        if (token.Kind != TokenKind.End)
            _next++;
        return token;
    }

    public bool AtOperator(string text) => Current.Is(TokenKind.Operator, text);

    public bool AtName(string text) => Current.Is(TokenKind.Name, text);

    public bool SkipOperator(string text) => Skip(AtOperator(text));

    public bool SkipName(string text) => Skip(AtName(text));

    public Token Expect(TokenKind kind, string expected) =>
        Current.Kind == kind ? Next() : throw Unexpected(expected);

    public void ExpectOperator(string text)
    {
        if (!SkipOperator(text))
            throw Unexpected($"'{text}'");
    }

    public TemplateException Unexpected(string expected) => Error(Current.Offset, $"expected {expected}, found {Current.Describe()}");

    public TemplateException Error(int offset, string reason) => source.ErrorAt(offset, reason);

    public void Enter()
    {
        if (++_depth > maxDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw Error(Current.Offset, $"nested deeper than {maxDepth}");
    }

    public void Leave() => _depth--;

    private bool Skip(bool matches)
    {
        if (matches)
            _next++;
        return matches;
    }
}
