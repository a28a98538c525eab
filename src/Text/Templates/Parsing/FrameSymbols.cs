namespace AkkaCp.Text.Templates;

/// <summary>
/// The names of a frame, which is a template, block, macro or body of a tag with variables of its own. Jinja decides before rendering
/// what a name means in a frame: one that is set there before it is read there, and that no frame around it mentions, is the frame's
/// own from its start. Until it is set it is undefined, even where the input has a variable of that name.
/// </summary>
internal sealed class FrameSymbols(FrameSymbols? around)
{
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);
    private readonly HashSet<string> _set = new(StringComparer.Ordinal);
    private readonly HashSet<string> _own = new(StringComparer.Ordinal);

    /// <summary>Finds the own names of all frames of a template; <see cref="Body.OwnNames"/> has them then.</summary>
    public static void Resolve(Body template) => ResolveFrame(template, null, []);

    private static void ResolveFrame(Body body, FrameSymbols? around, IEnumerable<string> parameters)
    {
        var frame = new FrameSymbols(around);
        frame._known.UnionWith(parameters);
        frame._set.UnionWith(parameters);
        frame.Visit(body);
        body.OwnNames = [.. frame._own];
        frame.ResolveInside(body);
    }

    /// <summary>The frames directly inside a body of this frame; the branches of an if belong to the frame itself.</summary>
    private void ResolveInside(Body body)
    {
        foreach (var statement in body.Statements)
        {
            foreach (var inner in SyntaxWalk.Bodies(statement))
            {
                if (statement is IfStatement or PrintStatement)
                    ResolveInside(inner);
                else
                    ResolveFrame(inner, statement is BlockStatement ? null : this, Parameters(statement, inner));
            }
        }
    }

    private static IEnumerable<string> Parameters(Statement statement, Body inner) => statement switch
    {
        ForStatement loop when ReferenceEquals(inner, loop.Body) => [.. SyntaxWalk.Names(loop.Target), "loop"],
        WithStatement with => with.Variables.SelectMany(variable => SyntaxWalk.Names(variable.Target)),
        MacroStatement macro => Parameters(macro.Macro),
        CallBlockStatement block => Parameters(block.Caller),
        _ => [],
    };

    private static IEnumerable<string> Parameters(MacroDefinition macro) =>
        [.. macro.Parameters.Select(parameter => parameter.Name), .. macro.Specials];

    private void Visit(Body body)
    {
        foreach (var statement in body.Statements)
            Visit(statement);
    }

    private void Visit(Statement statement)
    {
        switch (statement)
        {
            case IfStatement choice:
                VisitBranches(choice);
                break;
            case PrintStatement print:
                Visit(print.Outputs);
                break;
            case MacroStatement macro:
                Store(macro.Macro.Name!);
                break;
            case ForStatement loop:
                Load(loop.Items);
                break;
            case CallBlockStatement block:
                Load(block.Call);
                break;
            case SetBlockStatement set:
                Store(set.Target);
                break;
            case AutoEscapeStatement or BlockStatement:
                break;
            default:
                foreach (var expression in SyntaxWalk.Expressions(statement))
                    Load(expression);
                if (statement is SetStatement assignment)
                    Store(assignment.Target);
                break;
        }
    }

    /// <summary>A name that only a branch sets still means what it means around the frame, since the branch may not be taken.</summary>
    private void VisitBranches(IfStatement choice)
    {
        var before = Copy();
        var branches = choice.Branches.Select(branch => Branch(before, branch.Test, branch.Body))
            .Append(Branch(before, null, choice.Else)).ToList();
        foreach (var branch in branches)
        {
            _known.UnionWith(branch._known);
            _own.UnionWith(branch._own);
            _set.UnionWith(branch._set);
        }

        _own.ExceptWith(branches.SelectMany(branch => branch._set).Except(before._set));
    }

    private FrameSymbols Branch(FrameSymbols before, Expression? test, Body body)
    {
        if (test is not null)
            Load(test);
        var branch = before.Copy();
        branch.Visit(body);
        return branch;
    }

    private FrameSymbols Copy()
    {
        var copy = new FrameSymbols(around);
        copy._known.UnionWith(_known);
        copy._set.UnionWith(_set);
        copy._own.UnionWith(_own);
        return copy;
    }

    private bool Knows(string name) => _known.Contains(name) || around?.Knows(name) == true;

    private void Load(Expression expression)
    {
        foreach (var name in SyntaxWalk.All(expression).OfType<NameExpression>())
            Load(name.Name);
    }

    private void Load(string name)
    {
        if (!Knows(name))
            _known.Add(name);
    }

    private void Store(AssignmentTarget target)
    {
        switch (target)
        {
            case NameTarget name:
                Store(name.Name);
                break;
            case NamespaceTarget attribute:
                Load(attribute.Namespace);
                break;
            case TupleTarget tuple:
                foreach (var item in tuple.Items)
                    Store(item);
                break;
        }
    }

    private void Store(string name)
    {
        _set.Add(name);
        if (_known.Add(name) && around?.Knows(name) != true)
            _own.Add(name);
    }
}
