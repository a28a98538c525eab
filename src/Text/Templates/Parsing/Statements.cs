namespace AkkaCp.Text.Templates;

/// <summary>The statements of a template.</summary>
internal abstract record Statement(int Offset);

internal sealed record TextStatement(int Offset, string Text) : Statement(Offset);

/// <summary>{{ value }}; <see cref="IsConstant"/> where Jinja computes it when it compiles.</summary>
internal sealed record OutputStatement(int Offset, Expression Value, Escaping Escaping, bool IsConstant) : Statement(Offset);

/// <summary>{% print a, b %}.</summary>
internal sealed record PrintStatement(int Offset, Body Outputs) : Statement(Offset);

internal sealed record IfStatement(int Offset, IReadOnlyList<(Expression Test, Body Body)> Branches, Body Else) : Statement(Offset);

/// <summary>{% for target in items if test recursive %} body {% else %} … {% endfor %}.</summary>
internal sealed record ForStatement(int Offset, AssignmentTarget Target, Expression Items, Expression? Test, Body Body, Body Else)
    : Statement(Offset)
{
    public bool IsRecursive { get; init; }

    /// <summary>Whether a recursive call gives Markup.</summary>
    public Escaping Escaping { get; init; }
}

/// <summary>{% set target = value %}.</summary>
internal sealed record SetStatement(int Offset, AssignmentTarget Target, Expression Value) : Statement(Offset);

/// <summary>{% set target | filter %} body {% endset %}.</summary>
internal sealed record SetBlockStatement(int Offset, AssignmentTarget Target, Expression? Filter, Body Body, Escaping Escaping)
    : Statement(Offset);

internal sealed record MacroStatement(int Offset, MacroDefinition Macro) : Statement(Offset);

/// <summary>{% call(parameters) callee(arguments) %} body {% endcall %}: the body is the callee's <c>caller</c>.</summary>
internal sealed record CallBlockStatement(int Offset, CallExpression Call, MacroDefinition Caller) : Statement(Offset);

internal sealed record FilterBlockStatement(int Offset, Expression Filter, Body Body, Escaping Escaping) : Statement(Offset);

/// <summary>{% autoescape value %} body {% endautoescape %}.</summary>
internal sealed record AutoEscapeStatement(int Offset, Expression Value, Body Body) : Statement(Offset);

/// <summary>{% block name scoped %} body {% endblock %}. Not scoped, it sees the variables of the template alone.</summary>
internal sealed record BlockStatement(int Offset, string Name, bool IsScoped, bool IsRequired, Body Body) : Statement(Offset);

/// <summary>{% include %} and whatever else needs another template: an error when it is reached,
/// as Jinja without a loader has it.</summary>
internal sealed record UnavailableStatement(int Offset, string Tag) : Statement(Offset);

/// <summary>{% with a = 1 %} body {% endwith %}; with no variables also {% generation %}, which marks text but changes none.</summary>
internal sealed record WithStatement(int Offset, IReadOnlyList<(AssignmentTarget Target, Expression Value)> Variables, Body Body)
    : Statement(Offset);

/// <summary>{% break %}, {% continue %}.</summary>
internal sealed record JumpStatement(int Offset, Jump Jump) : Statement(Offset);

internal sealed record Body(IReadOnlyList<Statement> Statements)
{
    public static Body Empty { get; } = new([]);

    /// <summary>Names that are this body's own from its start: see <see cref="FrameSymbols"/>, which sets it once.</summary>
    public IReadOnlyList<string> OwnNames { get; set; } = [];
}

internal sealed record MacroDefinition(string? Name, IReadOnlyList<MacroParameter> Parameters, Body Body)
{
    public const string Caller = "caller";
    public const string NamedRest = "kwargs";
    public const string PositionalRest = "varargs";

    /// <summary>Those of the three special names that the body reads; a macro takes no further arguments but through them.</summary>
    public IReadOnlySet<string> Specials { get; } = NameUses.Of(Body, Caller, NamedRest, PositionalRest);

    public bool HasParameter(string name) => Parameters.Any(parameter => parameter.Name == name);
}

internal sealed record MacroParameter(string Name, Expression? Default);

/// <summary>Whether values are escaped at a place of the template.</summary>
internal enum Escaping
{
    Off,
    On,

    /// <summary>An autoescape block decides when it is reached.</summary>
    Dynamic,
}

internal enum Jump
{
    None,
    Break,
    Continue,
}
