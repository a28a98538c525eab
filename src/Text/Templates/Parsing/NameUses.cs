namespace AkkaCp.Text.Templates;

/// <summary>Which names a body reads before it sets them: how Jinja sees whether a macro wants its special arguments.</summary>
internal sealed class NameUses
{
    private readonly HashSet<string> _wanted;
    private readonly HashSet<string> _found = new(StringComparer.Ordinal);

    private NameUses(IEnumerable<string> wanted) => _wanted = new HashSet<string>(wanted, StringComparer.Ordinal);

    public static IReadOnlySet<string> Of(Body body, params IEnumerable<string> names)
    {
        var uses = new NameUses(names);
        uses.Visit(body);
        return uses._found;
    }

    private void Visit(Body body)
    {
        foreach (var statement in body.Statements.Where(statement => statement is not BlockStatement))
            Visit(statement);
    }

    private void Visit(Statement statement)
    {
        Discard(SyntaxWalk.Stores(statement));
        if (statement is WithStatement with)
            Discard(with.Variables.SelectMany(variable => SyntaxWalk.Names(variable.Target)));
        if (Macro(statement) is { } macro)
            Discard(macro.Parameters.Select(parameter => parameter.Name));
        foreach (var expression in SyntaxWalk.Expressions(statement))
            Visit(expression);
        foreach (var body in SyntaxWalk.Bodies(statement))
            Visit(body);
    }

    private void Visit(Expression expression)
    {
        foreach (var name in SyntaxWalk.All(expression).OfType<NameExpression>().Where(name => _wanted.Contains(name.Name)))
            _found.Add(name.Name);
    }

    private static MacroDefinition? Macro(Statement statement) => statement switch
    {
        MacroStatement macro => macro.Macro,
        CallBlockStatement block => block.Caller,
        _ => null,
    };

    private void Discard(IEnumerable<string> names) => _wanted.ExceptWith(names);
}
