namespace AkkaCp.Model.Templates;

/// <summary>A macro with the scope it was defined in. Called, it gives the text of its body.</summary>
internal sealed class MacroValue(StatementRenderer renderer, MacroDefinition macro, Scope definedIn) : CallableValue
{
    public const string Caller = "caller";

    /// <summary>What a scope weighs, in list items.</summary>
    private const int ScopeItems = 4;

    public override string TypeName => "macro";

    public override TemplateValue Invoke(RenderContext context, CallArguments arguments)
    {
        context.Budget.Enter();
        context.Budget.Items(arguments.Positional.Count + arguments.Named.Count + ScopeItems);
        var scope = new Scope(definedIn);
        BindPositional(arguments, scope);
        BindNamed(arguments, scope);
        foreach (var parameter in macro.Parameters.Skip(arguments.Positional.Count))
        {
            // In order, so that a default can name the parameters before it.
            if (!arguments.Named.Any(pair => pair.Name == parameter.Name))
                scope.Set(parameter.Name, parameter.Default is null ? Missing(parameter) : renderer.Evaluate(parameter.Default, scope));
        }

        var text = renderer.Capture(macro.Body, scope);
        context.Budget.Leave();
        return text;
    }

    private static UndefinedValue Missing(MacroParameter parameter) => new($"parameter '{parameter.Name}' was not provided");

    private void BindPositional(CallArguments arguments, Scope scope)
    {
        for (var i = 0; i < Math.Min(arguments.Positional.Count, macro.Parameters.Count); i++)
            scope.Set(macro.Parameters[i].Name, arguments.Positional[i]);
        scope.Set("varargs", new SequenceValue([.. arguments.Positional.Skip(macro.Parameters.Count)], isTuple: true));
    }

    private void BindNamed(CallArguments arguments, Scope scope)
    {
        var rest = MappingValue.NewEntries();
        foreach (var (name, value) in arguments.Named)
        {
            if (name == Caller || macro.Parameters.Any(parameter => parameter.Name == name))
                scope.Set(name, value);
            else
                rest[new StringValue(name)] = value;
        }

        scope.Set("kwargs", new MappingValue(rest));
    }
}
