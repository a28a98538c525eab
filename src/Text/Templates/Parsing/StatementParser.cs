namespace AkkaCp.Text.Templates;

/// <summary>Turns the tokens of a template into statements.</summary>
internal sealed class StatementParser
{
    private const int MaxParameters = 255;

    private readonly TokenStream _tokens;
    private readonly ExpressionParser _expressions;

    private StatementParser(TokenStream tokens)
    {
        _tokens = tokens;
        _expressions = new ExpressionParser(tokens);
    }

    private Escaping Escaping => _expressions.Escaping;

    /// <exception cref="TemplateException">The template is malformed, too long or nested too deep.</exception>
    public static Body Parse(TemplateSource source, TemplateLimits limits)
    {
        if (source.Text.Length > limits.MaxSourceChars)
            throw source.ErrorAt(0, $"template has {source.Text.Length} characters, the limit is {limits.MaxSourceChars}");
        var parser = new StatementParser(new TokenStream(source, Lexer.Tokenize(source), limits.MaxDepth));
        var body = parser.ParseBody([]);
        TemplateChecks.Run(source, body);
        FrameSymbols.Resolve(body);
        return body;
    }

    /// <summary>Statements up to a tag whose first word is one of <paramref name="ends"/>, which is left; none:
    /// to the template's end.</summary>
    private Body ParseBody(ReadOnlySpan<string> ends)
    {
        _tokens.Enter();
        var statements = new List<Statement>();
        while (_tokens.Current.Kind != TokenKind.End)
        {
            if (_tokens.Current.Kind == TokenKind.BlockBegin && ends.Contains(_tokens.Following.Text))
            {
                _tokens.Leave();
                return new Body(statements);
            }

            statements.Add(ParseStatement(ends));
        }

        if (!ends.IsEmpty)
            throw _tokens.Error(_tokens.Current.Offset, $"expected {Tags(ends)}, found end of template");
        _tokens.Leave();
        return new Body(statements);
    }

    private Statement ParseStatement(ReadOnlySpan<string> ends)
    {
        var token = _tokens.Next();
        if (token.Kind == TokenKind.Data)
            return new TextStatement(token.Offset, token.Text);
        if (token.Kind == TokenKind.BlockBegin)
            return ParseBlock(ends);
        var output = Output(_expressions.ParseTuple());
        _tokens.Expect(TokenKind.VariableEnd, "'}}'");
        return output;
    }

    private OutputStatement Output(Expression value) =>
        new(value.Offset, value, Escaping, IsConstant: Escaping != Escaping.Dynamic && ConstantExpressions.IsConstant(value));

    private Statement ParseBlock(ReadOnlySpan<string> ends)
    {
        var word = _tokens.Expect(TokenKind.Name, "a tag's name");
        return word.Text switch
        {
            "if" => ParseIf(word.Offset),
            "for" => ParseFor(word.Offset),
            "set" => ParseSet(word.Offset),
            "macro" => ParseMacro(word.Offset),
            "call" => ParseCallBlock(word.Offset),
            "filter" => ParseFilterBlock(word.Offset),
            "with" => ParseWith(word.Offset),
            "generation" => new WithStatement(word.Offset, [], ParseToEnd("endgeneration")),
            "autoescape" => ParseAutoEscape(word.Offset),
            "block" => ParseTemplateBlock(word.Offset),
            "print" => ParsePrint(word.Offset),
            "include" or "import" or "from" or "extends" => ParseUnavailable(word),
            "break" => ParseJump(word.Offset, Jump.Break),
            "continue" => ParseJump(word.Offset, Jump.Continue),
            _ => throw _tokens.Error(word.Offset, ends.IsEmpty
                ? $"unknown tag '{word.Text}'"
                : $"unknown tag '{word.Text}' where {Tags(ends)} is expected"),
        };
    }

    private static string Tags(ReadOnlySpan<string> ends) => string.Join(" or ", ends.ToArray().Select(end => $"'{{% {end} %}}'"));

    private IfStatement ParseIf(int offset)
    {
        var branches = new List<(Expression, Body)>();
        string word;
        do
        {
            var test = _expressions.ParseTuple(withConditional: false);
            EndHead();
            branches.Add((test, ParseBody(["elif", "else", "endif"])));
            word = TakeTagWord();
        }
        while (word == "elif");

        return new IfStatement(offset, branches, word == "else" ? ParseToEnd("endif") : EndTag(Body.Empty));
    }

    private ForStatement ParseFor(int offset)
    {
        var target = ParseTarget(withNamespace: false);
        if (!_tokens.SkipName("in"))
            throw _tokens.Unexpected("'in'");
        var items = _expressions.ParseTuple(withConditional: false);
        var test = _tokens.SkipName("if") ? _expressions.Parse() : null;
        var isRecursive = _tokens.SkipName("recursive");
        EndHead();
        var body = ParseBody(["endfor", "else"]);
        var otherwise = TakeTagWord() == "else" ? ParseToEnd("endfor") : EndTag(Body.Empty);
        return new ForStatement(offset, target, items, test, body, otherwise) { IsRecursive = isRecursive, Escaping = Escaping };
    }

    private Statement ParseSet(int offset)
    {
        var target = ParseTarget(withNamespace: true);
        if (_tokens.SkipOperator("="))
            return EndTag(new SetStatement(offset, target, _expressions.ParseTuple()));
        var filter = _expressions.ParseFilterChain(startsAtName: false);
        return new SetBlockStatement(offset, target, filter, ParseToEnd("endset"), Escaping);
    }

    private MacroStatement ParseMacro(int offset)
    {
        var name = _tokens.Expect(TokenKind.Name, "the macro's name").Text;
        var parameters = ParseParameters();
        return new MacroStatement(offset, new MacroDefinition(name, parameters, ParseToEnd("endmacro")));
    }

    private CallBlockStatement ParseCallBlock(int offset)
    {
        IReadOnlyList<MacroParameter> parameters = _tokens.AtOperator("(") ? ParseParameters() : [];
        if (_expressions.Parse() is not CallExpression call)
            throw _tokens.Error(offset, "expected a call after 'call'");
        return new CallBlockStatement(offset, call, new MacroDefinition(null, parameters, ParseToEnd("endcall")));
    }

    private FilterBlockStatement ParseFilterBlock(int offset)
    {
        var filter = _expressions.ParseFilterChain(startsAtName: true)!;
        return new FilterBlockStatement(offset, filter, ParseToEnd("endfilter"), Escaping);
    }

    private WithStatement ParseWith(int offset)
    {
        var variables = new List<(AssignmentTarget, Expression)>();
        while (_tokens.Current.Kind != TokenKind.BlockEnd)
        {
            if (variables.Count > 0)
                _tokens.ExpectOperator(",");
            var target = ParseTarget(withNamespace: false);
            _tokens.ExpectOperator("=");
            variables.Add((target, _expressions.Parse()));
        }

        return new WithStatement(offset, variables, ParseToEnd("endwith"));
    }

    private AutoEscapeStatement ParseAutoEscape(int offset)
    {
        var value = _expressions.Parse();
        var outside = Escaping;
        _expressions.Escaping = value is LiteralExpression literal ? literal.Value.IsTruthy ? Escaping.On : Escaping.Off : Escaping.Dynamic;
        var body = ParseToEnd("endautoescape");
        _expressions.Escaping = outside;
        return new AutoEscapeStatement(offset, value, body);
    }

    private BlockStatement ParseTemplateBlock(int offset)
    {
        var name = _tokens.Expect(TokenKind.Name, "the block's name").Text;
        var isScoped = _tokens.SkipName("scoped");
        var isRequired = _tokens.SkipName("required");
        EndHead();
        var body = ParseBody(["endblock"]);
        TakeTagWord();
        _tokens.SkipName(name);
        if (isRequired && body.Statements.Any(statement => statement is not TextStatement text || !string.IsNullOrWhiteSpace(text.Text)))
            throw _tokens.Error(offset, $"required block '{name}' has more than white space in it");
        return EndTag(new BlockStatement(offset, name, isScoped, isRequired, body));
    }

    private PrintStatement ParsePrint(int offset)
    {
        var outputs = new List<Statement>();
        while (_tokens.Current.Kind != TokenKind.BlockEnd)
        {
            if (outputs.Count > 0)
                _tokens.ExpectOperator(",");
            outputs.Add(Output(_expressions.Parse()));
        }

        return EndTag(new PrintStatement(offset, new Body(outputs)));
    }

    private UnavailableStatement ParseUnavailable(Token word)
    {
        while (_tokens.Current.Kind is not (TokenKind.BlockEnd or TokenKind.End))
            _tokens.Next();
        return EndTag(new UnavailableStatement(word.Offset, word.Text));
    }

    private JumpStatement ParseJump(int offset, Jump jump) => EndTag(new JumpStatement(offset, jump));

    private List<MacroParameter> ParseParameters()
    {
        _tokens.ExpectOperator("(");
        var parameters = new List<MacroParameter>();
        while (!_tokens.AtOperator(")"))
        {
            if (parameters.Count > 0)
                _tokens.ExpectOperator(",");
            var name = _tokens.Expect(TokenKind.Name, "a parameter's name");
            var value = _tokens.SkipOperator("=") ? _expressions.Parse() : null;
            if (value is null && parameters.Count > 0 && parameters[^1].Default is not null)
                throw _tokens.Error(name.Offset, $"parameter '{name.Text}' without a default stands after one with a default");
            if (parameters.Count == MaxParameters)
                throw _tokens.Error(name.Offset, $"macro has more than {MaxParameters} parameters");
            parameters.Add(new MacroParameter(name.Text, value));
        }

        _tokens.ExpectOperator(")");
        return parameters;
    }

    private AssignmentTarget ParseTarget(bool withNamespace)
    {
        var offset = _tokens.Current.Offset;
        var first = ParseSingleTarget(withNamespace);
        if (!_tokens.AtOperator(","))
            return first;
        var items = new List<AssignmentTarget> { first };
        while (_tokens.SkipOperator(",") && !_tokens.AtName("in") && !_tokens.AtOperator("=") && !_tokens.AtOperator(")"))
            items.Add(ParseSingleTarget(withNamespace));
        return new TupleTarget(offset, items);
    }

    private AssignmentTarget ParseSingleTarget(bool withNamespace)
    {
        if (_tokens.SkipOperator("("))
        {
            _tokens.Enter();
            var inner = ParseTarget(withNamespace);
            _tokens.ExpectOperator(")");
            _tokens.Leave();
            return inner;
        }

        var name = _tokens.Expect(TokenKind.Name, "a variable's name");
        if (name.Text is "true" or "false" or "none" or "True" or "False" or "None")
            throw _tokens.Error(name.Offset, $"cannot assign to '{name.Text}'");
        return withNamespace && _tokens.SkipOperator(".")
            ? new NamespaceTarget(name.Offset, name.Text, _tokens.Expect(TokenKind.Name, "an attribute's name").Text)
            : new NameTarget(name.Offset, name.Text);
    }

    /// <summary>Ends a block's opening tag and reads its body and its closing tag.</summary>
    private Body ParseToEnd(string end)
    {
        EndHead();
        var body = ParseBody([end]);
        TakeTagWord();
        return EndTag(body);
    }

    /// <summary>Python writers may end a block's head with a colon.</summary>
    private void EndHead()
    {
        _tokens.SkipOperator(":");
        EndTag(Body.Empty);
    }

    private T EndTag<T>(T value)
    {
        _tokens.Expect(TokenKind.BlockEnd, "'%}'");
        return value;
    }

    private string TakeTagWord()
    {
        _tokens.Next();
        return _tokens.Next().Text;
    }
}
