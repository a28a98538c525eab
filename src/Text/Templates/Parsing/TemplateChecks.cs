namespace AkkaCp.Text.Templates;

/// <summary>
/// Mistakes that Jinja finds when it compiles, wherever they stand: unknown filters and tests (but for branches of an if, where they
/// count when they are reached), break outside of loops, a loop variable that is set, names given twice.
/// </summary>
internal sealed class TemplateChecks(TemplateSource source)
{
    private readonly HashSet<string> _blocks = new(StringComparer.Ordinal);

    /// <exception cref="TemplateException">There is such a mistake.</exception>
    public static void Run(TemplateSource source, Body body) => new TemplateChecks(source).Check(body, default);

    private void Check(Body body, Place place)
    {
        foreach (var statement in body.Statements)
        {
            CheckStatement(statement, place);
            var inside = Inside(statement, place);
            foreach (var expression in SyntaxWalk.Expressions(statement))
                Check(expression, statement is IfStatement || (place.IsBranch && statement is not ForStatement));
            foreach (var inner in SyntaxWalk.Bodies(statement))
                Check(inner, statement is ForStatement loop && ReferenceEquals(inner, loop.Else) ? InsideElse(loop, place) : inside);
        }
    }

    private static Place Inside(Statement statement, Place place) => statement switch
    {
        IfStatement => place with { IsBranch = true },
        PrintStatement => place,
        ForStatement => new Place(InLoop: true, BelowLoop: true, IsBranch: false),
        MacroStatement or CallBlockStatement or BlockStatement => place with { InLoop = false, IsBranch = false },
        _ => place with { IsBranch = false },
    };

    /// <summary>The else is outside of its loop; that of a recursive one in a function of its own, as Jinja compiles it.</summary>
    private static Place InsideElse(ForStatement loop, Place place) =>
        new(InLoop: place.InLoop && !loop.IsRecursive, BelowLoop: true, IsBranch: false);

    private void CheckStatement(Statement statement, Place place)
    {
        switch (statement)
        {
            case JumpStatement jump when !place.InLoop:
                throw source.ErrorAt(jump.Offset, $"'{jump.Jump.ToString().ToLowerInvariant()}' stands outside of a loop");
            case BlockStatement block when !_blocks.Add(block.Name):
                throw source.ErrorAt(block.Offset, $"block '{block.Name}' is defined twice");
            case MacroStatement macro:
                CheckMacro(macro.Offset, macro.Macro);
                break;
            case CallBlockStatement block:
                CheckMacro(block.Offset, block.Caller);
                break;
        }

        if ((place.BelowLoop || statement is ForStatement) && SyntaxWalk.Stores(statement).Contains("loop"))
            throw source.ErrorAt(statement.Offset, "cannot assign to 'loop' in a loop");
    }

    private void CheckMacro(int offset, MacroDefinition macro)
    {
        if (macro.Parameters.GroupBy(parameter => parameter.Name).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw source.ErrorAt(offset, $"macro has the parameter '{twice.Key}' twice");
        if (macro.Specials.Contains(MacroDefinition.Caller)
            && macro.Parameters.Any(parameter => parameter is { Name: MacroDefinition.Caller, Default: null }))
        {
            throw source.ErrorAt(offset, "the parameter 'caller' must have a default");
        }
    }

    private void Check(Expression expression, bool isBranch)
    {
        // Chains of operators are as deep as a template is long, so they are not walked by recursion.
        var rest = new Stack<(Expression Expression, bool IsBranch)>([(expression, isBranch)]);
        while (rest.TryPop(out var next))
        {
            CheckOne(next.Expression, next.IsBranch);
            foreach (var part in SyntaxWalk.Parts(next.Expression))
                rest.Push((part, next.IsBranch || next.Expression is ConditionalExpression));
        }
    }

    private void CheckOne(Expression expression, bool isBranch)
    {
        switch (expression)
        {
            case FilterExpression filter:
                if (!isBranch && !FilterTable.Has(filter.Name))
                    throw source.ErrorAt(filter.Offset, $"no filter named '{filter.Name}'");
                CheckNames(filter.Offset, filter.Arguments);
                break;
            case TestExpression test:
                if (!isBranch && !TestTable.Has(test.Name))
                    throw source.ErrorAt(test.Offset, $"no test named '{test.Name}'");
                CheckNames(test.Offset, test.Arguments);
                break;
            case CallExpression call:
                CheckNames(call.Offset, call.Arguments);
                break;
        }
    }

    private void CheckNames(int offset, ArgumentList arguments)
    {
        if (arguments.Named.GroupBy(named => named.Name).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw source.ErrorAt(offset, $"the argument '{twice.Key}' is given twice");
    }

    /// <summary>Where a statement stands.</summary>
    /// <param name="InLoop">A break there would end a loop.</param>
    /// <param name="BelowLoop">A for is around it, if with a macro between.</param>
    /// <param name="IsBranch">It is directly in a branch of an if.</param>
    private readonly record struct Place(bool InLoop, bool BelowLoop, bool IsBranch);
}
