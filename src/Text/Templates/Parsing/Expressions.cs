namespace AkkaCp.Text.Templates;

/// <summary>The expressions of a template. <see cref="Offset"/> is where in the template errors point to.</summary>
internal abstract record Expression(int Offset);

internal sealed record LiteralExpression(int Offset, TemplateValue Value) : Expression(Offset);

internal sealed record NameExpression(int Offset, string Name) : Expression(Offset);

internal sealed record SequenceExpression(int Offset, IReadOnlyList<Expression> Items, bool IsTuple) : Expression(Offset);

internal sealed record MappingExpression(int Offset, IReadOnlyList<(Expression Key, Expression Value)> Pairs) : Expression(Offset);

/// <summary>-x, +x.</summary>
internal sealed record SignExpression(int Offset, bool IsNegative, Expression Operand) : Expression(Offset);

internal sealed record NotExpression(int Offset, Expression Operand) : Expression(Offset);

/// <summary>"and", "or": the value that decides, as in Python.</summary>
internal sealed record LogicalExpression(int Offset, bool IsAnd, Expression Left, Expression Right) : Expression(Offset);

/// <summary>+, -, *, /, //, %, **.</summary>
internal sealed record ArithmeticExpression(int Offset, string Operator, Expression Left, Expression Right) : Expression(Offset);

/// <summary>a ~ b ~ c; where <see cref="Escapes"/>, a Markup among the parts makes the result one.</summary>
internal sealed record ConcatExpression(int Offset, IReadOnlyList<Expression> Parts, bool Escapes) : Expression(Offset);

/// <summary>a &lt; b &lt;= c: each operand is evaluated once.</summary>
internal sealed record ComparisonExpression(int Offset, Expression First, IReadOnlyList<(string Operator, Expression Right)> Rest)
    : Expression(Offset);

/// <summary>a if test else b; without else, undefined.</summary>
internal sealed record ConditionalExpression(int Offset, Expression Test, Expression Then, Expression? Else) : Expression(Offset);

/// <summary>a.name.</summary>
internal sealed record AttributeExpression(int Offset, Expression Target, string Name) : Expression(Offset);

/// <summary>a[index].</summary>
internal sealed record ItemExpression(int Offset, Expression Target, Expression Index) : Expression(Offset);

/// <summary>a[start:stop:step].</summary>
internal sealed record SliceExpression(int Offset, Expression Target, Expression? Start, Expression? Stop, Expression? Step)
    : Expression(Offset);

internal sealed record CallExpression(int Offset, Expression Target, ArgumentList Arguments) : Expression(Offset);

/// <summary>a | name(arguments); the target is null for the head of a filter block, which takes the block's text.</summary>
internal sealed record FilterExpression(int Offset, Expression? Target, string Name, ArgumentList Arguments) : Expression(Offset);

/// <summary>a is name(arguments), a is not name.</summary>
internal sealed record TestExpression(int Offset, Expression Target, string Name, ArgumentList Arguments, bool IsNegated)
    : Expression(Offset);

/// <summary>(a, b, name=c, *rest, **named).</summary>
internal sealed record ArgumentList(
    IReadOnlyList<Expression> Positional,
    IReadOnlyList<(string Name, Expression Value)> Named,
    Expression? Rest,
    Expression? NamedRest)
{
    public static ArgumentList Empty { get; } = new([], [], null, null);
}

/// <summary>What a for or set writes to.</summary>
internal abstract record AssignmentTarget(int Offset);

internal sealed record NameTarget(int Offset, string Name) : AssignmentTarget(Offset);

/// <summary>namespace.attribute.</summary>
internal sealed record NamespaceTarget(int Offset, string Namespace, string Attribute) : AssignmentTarget(Offset);

internal sealed record TupleTarget(int Offset, IReadOnlyList<AssignmentTarget> Items) : AssignmentTarget(Offset);
