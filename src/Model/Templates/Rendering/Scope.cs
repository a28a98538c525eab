namespace AkkaCp.Model.Templates;

/// <summary>Variables that are visible at a place: its own and those of the scopes around it. Setting one never reaches outwards.</summary>
internal sealed class Scope(Scope? outer = null)
{
    private readonly Dictionary<string, TemplateValue> _variables = new(StringComparer.Ordinal);

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
