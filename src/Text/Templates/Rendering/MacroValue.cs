namespace AkkaCp.Text.Templates;

/// <summary>A macro with the scope it was defined in. Called, it gives the text of its body.</summary>
internal sealed class MacroValue(StatementRenderer renderer, MacroDefinition macro, Scope definedIn) : CallableValue
{
    /// <summary>What a scope weighs, in list items.</summary>
    private const int ScopeItems = 4;

    public override string TypeName => "Macro";

    public override TemplateValue? Attribute(string name) => name switch
    {
        "name" => macro.Name is { } own ? new StringValue(own) : NoneValue.Instance,
        "arguments" => new SequenceValue([.. macro.Parameters.Select(parameter => new StringValue(parameter.Name))], SequenceKind.Tuple),
        "catch_kwargs" => BooleanValue.Of(Wants(MacroDefinition.NamedRest)),
        "catch_varargs" => BooleanValue.Of(Wants(MacroDefinition.PositionalRest)),
        "caller" => BooleanValue.Of(macro.Specials.Contains(MacroDefinition.Caller)),
        "explicit_caller" => BooleanValue.Of(macro.HasParameter(MacroDefinition.Caller)),
        _ => null,
    };

    public override TemplateValue Invoke(RenderContext context, CallArguments arguments)
    {
        context.Budget.Enter();
        context.Budget.Items(arguments.Positional.Count + arguments.Named.Count + macro.Parameters.Count + ScopeItems);
        var scope = Scope.For(macro.Body, definedIn);
        var named = new OrderedDictionary<string, TemplateValue>(StringComparer.Ordinal);
        foreach (var (name, value) in arguments.Named)
            named[name] = value;
        BindParameters(arguments, named, scope);
        BindSpecials(arguments, named, scope);
        var text = renderer.Capture(macro.Body, scope);
        context.Budget.Leave();
        return context.Escapes ? new MarkupValue(text) : new StringValue(text);
    }

    public override string Repr => macro.Name is null ? "<Macro anonymous>" : $"<Macro '{macro.Name}'>";

    /// <summary>In order, so that a default can name the parameters before it; those after it are undefined then.</summary>
    private void BindParameters(CallArguments arguments, OrderedDictionary<string, TemplateValue> named, Scope scope)
    {
        var missing = new List<MacroParameter>();
        for (var i = 0; i < macro.Parameters.Count; i++)
        {
            var parameter = macro.Parameters[i];
            if (i < arguments.Positional.Count)
                scope.Set(parameter.Name, arguments.Positional[i]);
            else if (named.Remove(parameter.Name, out var value))
                scope.Set(parameter.Name, value);
            else
                missing.Add(parameter);
        }

        foreach (var parameter in missing)
            scope.Set(parameter.Name, new UndefinedValue($"parameter '{parameter.Name}' was not provided"));
        foreach (var parameter in missing.Where(parameter => parameter.Default is not null))
            scope.Set(parameter.Name, renderer.Evaluate(parameter.Default!, scope));
    }

    private void BindSpecials(CallArguments arguments, OrderedDictionary<string, TemplateValue> named, Scope scope)
    {
        if (Wants(MacroDefinition.Caller))
        {
            named.Remove(MacroDefinition.Caller, out var caller);
            scope.Set(MacroDefinition.Caller, caller ?? new UndefinedValue("No caller defined"));
        }

        if (Wants(MacroDefinition.NamedRest))
            scope.Set(MacroDefinition.NamedRest, Rest(named));
        else if (named.Count > 0)
            throw new TemplateError($"macro '{macro.Name}' takes no keyword argument '{named.Keys.First()}'");
        if (Wants(MacroDefinition.PositionalRest))
        {
            scope.Set(MacroDefinition.PositionalRest,
                new SequenceValue([.. arguments.Positional.Skip(macro.Parameters.Count)], SequenceKind.Tuple));
        }
        else if (arguments.Positional.Count > macro.Parameters.Count)
        {
            throw new TemplateError($"macro '{macro.Name}' takes not more than {macro.Parameters.Count} arguments");
        }
    }

    /// <summary>Whether the body reads a special name that is no parameter of its own.</summary>
    private bool Wants(string special) => macro.Specials.Contains(special) && !macro.HasParameter(special);

    private static MappingValue Rest(OrderedDictionary<string, TemplateValue> named)
    {
        var entries = MappingValue.NewEntries();
        foreach (var (name, value) in named)
            entries[new StringValue(name)] = value;
        return new MappingValue(entries);
    }
}
