using System.Globalization;
using System.Text;

namespace AkkaCp.Text.Templates;

/// <summary>Jinja's expression grammar, one method per level of precedence, loosest first.</summary>
internal sealed class ExpressionParser(TokenStream tokens)
{
    private static readonly string[] s_comparisons = ["==", "!=", "<", "<=", ">", ">="];

    /// <summary>Whether values are escaped where the parser is; autoescape blocks change it.</summary>
    public Escaping Escaping { get; set; }

    /// <summary>One expression, or several with commas between: a tuple.</summary>
    /// <param name="withConditional">Whether "a if b else c" belongs to it: not after "in" of a for, where "if" filters.</param>
    public Expression ParseTuple(bool withConditional = true)
    {
        var offset = tokens.Current.Offset;
        var first = ParseOne(withConditional);
        if (!tokens.AtOperator(","))
            return first;
        var items = new List<Expression> { first };
        while (tokens.SkipOperator(",") && !AtTupleEnd(inFor: !withConditional))
            items.Add(ParseOne(withConditional));
        return new SequenceExpression(offset, items, IsTuple: true);
    }

    public Expression Parse()
    {
        tokens.Enter();
        var value = ParseOr();
        while (tokens.AtName("if"))
        {
            var offset = tokens.Next().Offset;
            var test = ParseOr();
            var otherwise = tokens.SkipName("else") ? Parse() : null;
            value = new ConditionalExpression(offset, test, value, otherwise);
        }

        tokens.Leave();
        return value;
    }

    /// <summary>The filters of a filter or set block, applied to the block's text; null where there is none.</summary>
    public Expression? ParseFilterChain(bool startsAtName)
    {
        Expression? chain = startsAtName ? ParseFilter(null) : null;
        while (tokens.SkipOperator("|"))
            chain = ParseFilter(chain);
        return chain;
    }

    public ArgumentList ParseArguments()
    {
        tokens.ExpectOperator("(");
        var positional = new List<Expression>();
        var named = new List<(string, Expression)>();
        Expression? rest = null, namedRest = null;
        while (!tokens.AtOperator(")"))
        {
            if (rest is null && namedRest is null && tokens.SkipOperator("*"))
                rest = Parse();
            else if (namedRest is null && tokens.SkipOperator("**"))
                namedRest = Parse();
            else if (namedRest is null && tokens.Current.Kind == TokenKind.Name && tokens.Following.Is(TokenKind.Operator, "="))
                named.Add((TakeArgumentName(), Parse()));
            else if (named.Count > 0 || rest is not null || namedRest is not null)
                throw tokens.Error(tokens.Current.Offset, "a positional argument stands after a named one");
            else
                positional.Add(Parse());
            if (!tokens.SkipOperator(","))
                break;
        }

        tokens.ExpectOperator(")");
        return new ArgumentList(positional, named, rest, namedRest);
    }

    private string TakeArgumentName()
    {
        var name = tokens.Next().Text;
        tokens.ExpectOperator("=");
        return name;
    }

    private Expression ParseOne(bool withConditional) => withConditional ? Parse() : ParseOr();

    private bool AtTupleEnd(bool inFor) =>
        tokens.Current.Kind is TokenKind.VariableEnd or TokenKind.BlockEnd or TokenKind.End || tokens.AtOperator(")")
        || (inFor && tokens.AtName("recursive"));

    private Expression ParseOr() => ParseLogical("or", () => ParseLogical("and", ParseNot));

    private Expression ParseLogical(string word, Func<Expression> operand)
    {
        var left = operand();
        while (tokens.AtName(word))
        {
            var offset = tokens.Next().Offset;
            left = new LogicalExpression(offset, word == "and", left, operand());
        }

        return left;
    }

    private Expression ParseNot()
    {
        if (!tokens.AtName("not"))
            return ParseComparison();
        tokens.Enter();
        var value = new NotExpression(tokens.Next().Offset, ParseNot());
        tokens.Leave();
        return value;
    }

    private Expression ParseComparison()
    {
        var offset = tokens.Current.Offset;
        var first = ParseSum();
        var rest = new List<(string, Expression)>();
        while (TakeComparison() is { } comparison)
            rest.Add((comparison, ParseSum()));
        return rest.Count == 0 ? first : new ComparisonExpression(offset, first, rest);
    }

    private string? TakeComparison()
    {
        if (tokens.Current.Kind == TokenKind.Operator && s_comparisons.Contains(tokens.Current.Text))
            return tokens.Next().Text;
        if (tokens.SkipName("in"))
            return "in";
        if (!tokens.AtName("not") || !tokens.Following.Is(TokenKind.Name, "in"))
            return null;
        tokens.Next();
        tokens.Next();
        return "not in";
    }

    private Expression ParseSum() => ParseArithmetic(ParseConcat, "+", "-");

    private Expression ParseConcat()
    {
        var offset = tokens.Current.Offset;
        var parts = new List<Expression> { ParseProduct() };
        while (tokens.SkipOperator("~"))
            parts.Add(ParseProduct());
        return parts.Count == 1
            ? parts[0]
            : new ConcatExpression(offset, parts, Escaping == Escaping.On && !parts.TrueForAll(ConstantExpressions.IsConstant));
    }

    private Expression ParseProduct() => ParseArithmetic(ParsePower, "*", "/", "//", "%");

    /// <remarks>Jinja's power associates to the left and binds looser than a sign, unlike Python's.</remarks>
    private Expression ParsePower() => ParseArithmetic(() => ParseUnary(withFilter: true), "**");

    private Expression ParseArithmetic(Func<Expression> operand, params ReadOnlySpan<string> operators)
    {
        var left = operand();
        while (tokens.Current.Kind == TokenKind.Operator && operators.Contains(tokens.Current.Text))
        {
            var op = tokens.Next();
            left = new ArithmeticExpression(op.Offset, op.Text, left, operand());
        }

        return left;
    }

    private Expression ParseUnary(bool withFilter)
    {
        tokens.Enter();
        var value = tokens.AtOperator("-") || tokens.AtOperator("+")
            ? new SignExpression(tokens.Current.Offset, tokens.Next().Text == "-", ParseUnary(withFilter: false))
            : ParsePrimary();
        value = ParsePostfix(value, withFilter);
        tokens.Leave();
        return value;
    }

    private Expression ParsePostfix(Expression value, bool withFilter)
    {
        var filtered = false;
        while (true)
        {
            var current = tokens.Current;
            if (!filtered && tokens.AtOperator("."))
                value = ParseAttribute(value);
            else if (!filtered && tokens.AtOperator("["))
                value = ParseItem(value);
            else if (tokens.AtOperator("("))
                value = new CallExpression(current.Offset, value, ParseArguments());
            else if (withFilter && tokens.SkipOperator("|"))
                (value, filtered) = (ParseFilter(value), true);
            else if (withFilter && tokens.SkipName("is"))
                (value, filtered) = (ParseTest(value, current.Offset), true);
            else
                return value;
        }
    }

    private Expression ParseAttribute(Expression target)
    {
        tokens.Next();
        var name = tokens.Next();
        return name.Kind switch
        {
            TokenKind.Name => new AttributeExpression(name.Offset, target, name.Text),
            TokenKind.Integer => new ItemExpression(name.Offset, target, ToLiteral(name)),
            _ => throw tokens.Error(name.Offset, $"expected a name or number after '.', found {name.Describe()}"),
        };
    }

    private Expression ParseItem(Expression target)
    {
        var offset = tokens.Next().Offset;
        if (tokens.AtOperator(":"))
            return EndItem(ParseSlice(offset, target, null));
        var keys = new List<Expression>();
        while (!tokens.AtOperator("]"))
        {
            if (keys.Count > 0)
                tokens.ExpectOperator(",");
            keys.Add(Parse());
            if (keys.Count == 1 && tokens.AtOperator(":"))
                return EndItem(ParseSlice(offset, target, keys[0]));
        }

        return EndItem(new ItemExpression(offset, target, keys.Count == 1 ? keys[0] : new SequenceExpression(offset, keys, IsTuple: true)));
    }

    private SliceExpression ParseSlice(int offset, Expression target, Expression? start)
    {
        tokens.ExpectOperator(":");
        var stop = AtSliceEnd() ? null : Parse();
        var step = tokens.SkipOperator(":") && !AtSliceEnd() ? Parse() : null;
        return new SliceExpression(offset, target, start, stop, step);
    }

    private Expression EndItem(Expression item)
    {
        tokens.ExpectOperator("]");
        return item;
    }

    private bool AtSliceEnd() => tokens.AtOperator(":") || tokens.AtOperator("]");

    private FilterExpression ParseFilter(Expression? target)
    {
        var name = TakeDottedName("a filter's name");
        var arguments = tokens.AtOperator("(") ? ParseArguments() : ArgumentList.Empty;
        return new FilterExpression(name.Offset, target, name.Text, arguments);
    }

    private Token TakeDottedName(string expected)
    {
        var name = tokens.Expect(TokenKind.Name, expected);
        while (tokens.SkipOperator("."))
            name = name with { Text = name.Text + "." + tokens.Expect(TokenKind.Name, expected).Text };
        return name;
    }

    private TestExpression ParseTest(Expression target, int offset)
    {
        var negated = tokens.SkipName("not");
        var name = TakeDottedName("a test's name").Text;
        return new TestExpression(offset, target, name, ParseTestArguments(), negated);
    }

    /// <summary>A test's arguments in brackets, or a single one without: "x is divisibleby 3".</summary>
    private ArgumentList ParseTestArguments()
    {
        if (tokens.AtOperator("("))
            return ParseArguments();
        var current = tokens.Current;
        var begins = current.Kind is TokenKind.String or TokenKind.Integer or TokenKind.Float
            || tokens.AtOperator("[") || tokens.AtOperator("{")
            || (current.Kind == TokenKind.Name && current.Text is not ("else" or "or" or "and"));
        if (tokens.AtName("is"))
            throw tokens.Error(current.Offset, "tests cannot be chained with 'is'");
        return begins ? new ArgumentList([ParsePostfix(ParsePrimary(), withFilter: false)], [], null, null) : ArgumentList.Empty;
    }

    private Expression ParsePrimary()
    {
        var token = tokens.Current;
        switch (token.Kind)
        {
            case TokenKind.Name:
                return ParseName(tokens.Next());
            case TokenKind.String:
                return ParseStrings();
            case TokenKind.Integer or TokenKind.Float:
                return ToLiteral(tokens.Next());
            case TokenKind.Operator when token.Text == "(":
                return ParseParenthesis();
            case TokenKind.Operator when token.Text == "[":
                return ParseList();
            case TokenKind.Operator when token.Text == "{":
                return ParseMapping();
            default:
                throw tokens.Unexpected("an expression");
        }
    }

    private static Expression ParseName(Token name) => name.Text switch
    {
        "true" or "True" => new LiteralExpression(name.Offset, BooleanValue.True),
        "false" or "False" => new LiteralExpression(name.Offset, BooleanValue.False),
        "none" or "None" => new LiteralExpression(name.Offset, NoneValue.Instance),
        _ => new NameExpression(name.Offset, name.Text),
    };

    /// <summary>Strings side by side are one, as in Python.</summary>
    private LiteralExpression ParseStrings()
    {
        var first = tokens.Next();
        if (tokens.Current.Kind != TokenKind.String)
            return new LiteralExpression(first.Offset, new StringValue(first.Text));
        var text = new StringBuilder(first.Text);
        while (tokens.Current.Kind == TokenKind.String)
            text.Append(tokens.Next().Text);
        return new LiteralExpression(first.Offset, new StringValue(text.ToString()));
    }

    private LiteralExpression ToLiteral(Token number)
    {
        if (number.Text.Length > NumberValue.MaxDigits)
            throw tokens.Error(number.Offset, $"number has more than {NumberValue.MaxDigits} digits");
        return new LiteralExpression(number.Offset, number.Kind == TokenKind.Integer
            ? new IntegerValue(NumberLiteral.Integer(number.Text))
            : new FloatValue(double.Parse(number.Text, CultureInfo.InvariantCulture)));
    }

    private Expression ParseParenthesis()
    {
        var offset = tokens.Next().Offset;
        var value = tokens.AtOperator(")") ? new SequenceExpression(offset, [], IsTuple: true) : ParseTuple();
        tokens.ExpectOperator(")");
        return value;
    }

    private SequenceExpression ParseList()
    {
        var offset = tokens.Next().Offset;
        var items = new List<Expression>();
        while (!tokens.AtOperator("]"))
        {
            items.Add(Parse());
            if (!tokens.SkipOperator(","))
                break;
        }

        tokens.ExpectOperator("]");
        return new SequenceExpression(offset, items, IsTuple: false);
    }

    private MappingExpression ParseMapping()
    {
        var offset = tokens.Next().Offset;
        var pairs = new List<(Expression, Expression)>();
        while (!tokens.AtOperator("}"))
        {
            var key = Parse();
            tokens.ExpectOperator(":");
            pairs.Add((key, Parse()));
            if (!tokens.SkipOperator(","))
                break;
        }

        tokens.ExpectOperator("}");
        return new MappingExpression(offset, pairs);
    }
}
