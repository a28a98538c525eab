namespace AkkaCp.Model.Templates;

/// <summary>The statements of a template.</summary>
internal abstract record Statement(int Offset);

internal sealed record TextStatement(int Offset, string Text) : Statement(Offset);

/// <summary>{{ value }}.</summary>
internal sealed record OutputStatement(int Offset, Expression Value) : Statement(Offset);

internal sealed record IfStatement(int Offset, IReadOnlyList<(Expression Test, Body Body)> Branches, Body Else) : Statement(Offset);

/// <summary>{% for target in items if test %} body {% else %} … {% endfor %}.</summary>
internal sealed record ForStatement(int Offset, AssignmentTarget Target, Expression Items, Expression? Test, Body Body, Body Else)
    : Statement(Offset);

/// <summary>{% set target = value %}.</summary>
internal sealed record SetStatement(int Offset, AssignmentTarget Target, Expression Value) : Statement(Offset);

/// <summary>{% set target | filter %} body {% endset %}.</summary>
internal sealed record SetBlockStatement(int Offset, AssignmentTarget Target, Expression? Filter, Body Body) : Statement(Offset);

internal sealed record MacroStatement(int Offset, MacroDefinition Macro) : Statement(Offset);

/// <summary>{% call(parameters) callee(arguments) %} body {% endcall %}: the body is the callee's <c>caller</c>.</summary>
internal sealed record CallBlockStatement(int Offset, CallExpression Call, MacroDefinition Caller) : Statement(Offset);

internal sealed record FilterBlockStatement(int Offset, Expression Filter, Body Body) : Statement(Offset);

/// <summary>{% with a = 1 %} body {% endwith %}; with no variables also {% generation %}, which marks text but changes none.</summary>
internal sealed record WithStatement(int Offset, IReadOnlyList<(AssignmentTarget Target, Expression Value)> Variables, Body Body)
    : Statement(Offset);

/// <summary>{% break %}, {% continue %}.</summary>
internal sealed record JumpStatement(int Offset, Jump Jump) : Statement(Offset);

internal sealed record Body(IReadOnlyList<Statement> Statements)
{
    public static Body Empty { get; } = new([]);
}

internal sealed record MacroDefinition(string Name, IReadOnlyList<MacroParameter> Parameters, Body Body);

internal sealed record MacroParameter(string Name, Expression? Default);

internal enum Jump
{
    None,
    Break,
    Continue,
}
