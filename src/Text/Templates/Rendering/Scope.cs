namespace AkkaCp.Text.Templates;

/// <summary>Variables that are visible at a place: its own and those of the scopes around it. Setting one never reaches outwards.</summary>
internal sealed class Scope(Scope? outer = null)
{
    private readonly Dictionary<string, TemplateValue> _variables = new(StringComparer.Ordinal);

    /// <summary>A scope for a body, its own names undefined.</summary>
    public static Scope For(Body body, Scope outer)
    {
        var scope = new Scope(outer);
        foreach (var name in body.OwnNames)
            scope.Set(name, UndefinedValue.Variable(name));
        return scope;
    }

    public TemplateValue? Find(string name)
    {
        for (var scope = this; scope is not null; scope = scope.Outer)
        {
            if (scope._variables.TryGetValue(name, out var value))
                return value;
        }

        return null;
    }

    public void Set(string name, TemplateValue value) => _variables[name] = value;

    private Scope? Outer => outer;
}
