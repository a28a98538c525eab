namespace AkkaCp.Text.Templates;

/// <summary>What expressions and statements consist of, for whoever looks through a template before it is rendered.</summary>
internal static class SyntaxWalk
{
    /// <summary>An expression and all inside it.</summary>
    public static IEnumerable<Expression> All(Expression expression)
    {
        // Chains of operators are as deep as a template is long, so they are not walked by recursion.
        var rest = new Stack<Expression>([expression]);
        while (rest.TryPop(out var next))
        {
            yield return next;
            foreach (var part in Parts(next))
                rest.Push(part);
        }
    }

    /// <summary>The statements of a body and all inside them.</summary>
    public static IEnumerable<Statement> All(Body body) =>
        body.Statements.SelectMany(statement => Bodies(statement).SelectMany(All).Prepend(statement));

    /// <summary>The expressions directly inside one.</summary>
    public static IEnumerable<Expression> Parts(Expression expression) => expression switch
    {
        SequenceExpression sequence => sequence.Items,
        MappingExpression mapping => mapping.Pairs.SelectMany(pair => (Expression[])[pair.Key, pair.Value]),
        SignExpression sign => [sign.Operand],
        NotExpression not => [not.Operand],
        LogicalExpression logical => [logical.Left, logical.Right],
        ArithmeticExpression arithmetic => [arithmetic.Left, arithmetic.Right],
        ConcatExpression concat => concat.Parts,
        ComparisonExpression comparison => [comparison.First, .. comparison.Rest.Select(rest => rest.Right)],
        ConditionalExpression conditional => Present(conditional.Test, conditional.Then, conditional.Else),
        AttributeExpression attribute => [attribute.Target],
        ItemExpression item => [item.Target, item.Index],
        SliceExpression slice => Present(slice.Target, slice.Start, slice.Stop, slice.Step),
        CallExpression call => [call.Target, .. Parts(call.Arguments)],
        FilterExpression filter => [.. Present(filter.Target), .. Parts(filter.Arguments)],
        TestExpression test => [test.Target, .. Parts(test.Arguments)],
        _ => [],
    };

    public static IEnumerable<Expression> Parts(ArgumentList arguments) =>
        [.. arguments.Positional, .. arguments.Named.Select(named => named.Value), .. Present(arguments.Rest, arguments.NamedRest)];

    /// <summary>The expressions directly inside a statement.</summary>
    public static IEnumerable<Expression> Expressions(Statement statement) => statement switch
    {
        OutputStatement output => [output.Value],
        IfStatement choice => choice.Branches.Select(branch => branch.Test),
        ForStatement loop => Present(loop.Items, loop.Test),
        SetStatement set => [set.Value],
        SetBlockStatement set => Present(set.Filter),
        MacroStatement macro => Defaults(macro.Macro),
        CallBlockStatement block => [block.Call, .. Defaults(block.Caller)],
        FilterBlockStatement block => [block.Filter],
        WithStatement with => with.Variables.Select(variable => variable.Value),
        AutoEscapeStatement escape => [escape.Value],
        _ => [],
    };

    /// <summary>The bodies directly inside a statement.</summary>
    public static IEnumerable<Body> Bodies(Statement statement) => statement switch
    {
        PrintStatement print => [print.Outputs],
        IfStatement choice => [.. choice.Branches.Select(branch => branch.Body), choice.Else],
        ForStatement loop => [loop.Body, loop.Else],
        SetBlockStatement set => [set.Body],
        MacroStatement macro => [macro.Macro.Body],
        CallBlockStatement block => [block.Caller.Body],
        FilterBlockStatement block => [block.Body],
        WithStatement with => [with.Body],
        AutoEscapeStatement escape => [escape.Body],
        BlockStatement block => [block.Body],
        _ => [],
    };

    /// <summary>The names that a statement itself sets, not its bodies.</summary>
    public static IEnumerable<string> Stores(Statement statement) => statement switch
    {
        ForStatement loop => Names(loop.Target),
        SetStatement set => Names(set.Target),
        SetBlockStatement set => Names(set.Target),
        _ => [],
    };

    public static IEnumerable<string> Names(AssignmentTarget target) => target switch
    {
        NameTarget name => [name.Name],
        TupleTarget tuple => tuple.Items.SelectMany(Names),
        _ => [],
    };

    private static IEnumerable<Expression> Defaults(MacroDefinition macro) =>
        macro.Parameters.Select(parameter => parameter.Default).OfType<Expression>();

    private static IEnumerable<Expression> Present(params IEnumerable<Expression?> expressions) => expressions.OfType<Expression>();
}
