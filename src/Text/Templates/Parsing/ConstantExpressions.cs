using System.Collections.Frozen;

namespace AkkaCp.Text.Templates;

/// <summary>
/// Tells which expressions Jinja computes when it compiles. They mean what they mean when rendered, but for two things: a slice of what
/// has none gives undefined, and ~ forgets about Markup.
/// </summary>
internal static class ConstantExpressions
{
    /// <summary>Filters that need the rendering's variables.</summary>
    private static readonly FrozenSet<string> s_notComputed =
        FrozenSet.Create("map", "select", "reject", "selectattr", "rejectattr", "random");

    public static bool IsConstant(Expression expression) => SyntaxWalk.All(expression).All(IsComputed);

    private static bool IsComputed(Expression expression) => expression switch
    {
        NameExpression or CallExpression or ConditionalExpression { Else: null } or FilterExpression { Target: null } => false,
        FilterExpression filter => !s_notComputed.Contains(filter.Name),
        _ => true,
    };
}
