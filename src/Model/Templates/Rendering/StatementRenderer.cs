namespace AkkaCp.Model.Templates;

/// <summary>Carries out statements; their text goes to an output.</summary>
internal sealed class StatementRenderer(TemplateSource source, RenderContext context)
{
    private readonly ExpressionEvaluator _expressions = new(source, context);

    /// <summary>Renders statements in order, up to a break or continue, which it returns.</summary>
    public Jump Render(Body body, Scope scope, BoundedText output)
    {
        foreach (var statement in body.Statements)
        {
            if (Render(statement, scope, output) is var jump and not Jump.None)
                return jump;
        }

        return Jump.None;
    }

    public TemplateValue Evaluate(Expression expression, Scope scope) => _expressions.Evaluate(expression, scope);

    /// <summary>What a body renders to, apart from the output around it.</summary>
    public StringValue Capture(Body body, Scope scope)
    {
        var output = new BoundedText(context.Budget);
        Render(body, scope, output);
        return output.ToValue();
    }

    private Jump Render(Statement statement, Scope scope, BoundedText output)
    {
        try
        {
            context.Budget.Enter();
            var jump = RenderByKind(statement, scope, output);
            context.Budget.Leave();
            return jump;
        }
        catch (TemplateError error)
        {
            throw source.ErrorAt(statement.Offset, error.Message, error);
        }
    }

    private Jump RenderByKind(Statement statement, Scope scope, BoundedText output)
    {
        switch (statement)
        {
            case TextStatement text:
                output.Append(text.Text);
                return Jump.None;
            case OutputStatement print:
                output.Append(PythonText.Str(context, Evaluate(print.Value, scope)));
                return Jump.None;
            case IfStatement choice:
                return Render(Choose(choice, scope), scope, output);
            case ForStatement loop:
                return RenderFor(loop, scope, output);
            case WithStatement with:
                return RenderWith(with, scope, output);
            case JumpStatement jump:
                return jump.Jump;
            default:
                RenderDefinition(statement, scope, output);
                return Jump.None;
        }
    }

    private void RenderDefinition(Statement statement, Scope scope, BoundedText output)
    {
        switch (statement)
        {
            case SetStatement set:
                Assignment.Assign(context, set.Target, Evaluate(set.Value, scope), scope);
                break;
            case SetBlockStatement set:
                var captured = Capture(set.Body, new Scope(scope));
                Assignment.Assign(context, set.Target, Filtered(set.Filter, captured, scope), scope);
                break;
            case MacroStatement macro:
                scope.Set(macro.Macro.Name, new MacroValue(this, macro.Macro, scope));
                break;
            case CallBlockStatement block:
                output.Append(PythonText.Str(context, CallBlock(block, scope)));
                break;
            case FilterBlockStatement block:
                output.Append(PythonText.Str(context, Filtered(block.Filter, Capture(block.Body, new Scope(scope)), scope)));
                break;
            default:
                throw new InvalidOperationException($"Unknown statement {statement.GetType().Name}.");
        }
    }

    private Body Choose(IfStatement choice, Scope scope)
    {
        foreach (var (test, body) in choice.Branches)
        {
            if (Evaluate(test, scope).IsTruthy)
                return body;
        }

        return choice.Else;
    }

    private Jump RenderFor(ForStatement loop, Scope scope, BoundedText output)
    {
        var items = Select(loop, scope);
        var variable = new LoopValue(items);
        for (; variable.Index < items.Count; variable.Index++)
        {
            var inner = new Scope(scope);
            inner.Set("loop", variable);
            Assignment.Assign(context, loop.Target, items[variable.Index], inner);
            if (Render(loop.Body, inner, output) == Jump.Break)
                break;
        }

        return items.Count == 0 ? Render(loop.Else, new Scope(scope), output) : Jump.None;
    }

    private IReadOnlyList<TemplateValue> Select(ForStatement loop, Scope scope)
    {
        var items = Sequences.Iterate(context, Evaluate(loop.Items, scope));
        if (loop.Test is null)
            return items;
        var kept = new List<TemplateValue>();
        foreach (var item in items)
        {
            var inner = new Scope(scope);
            Assignment.Assign(context, loop.Target, item, inner);
            if (Evaluate(loop.Test, inner).IsTruthy)
                kept.Add(item);
        }

        return kept;
    }

    private Jump RenderWith(WithStatement with, Scope scope, BoundedText output)
    {
        var inner = new Scope(scope);
        foreach (var (target, value) in with.Variables)
            Assignment.Assign(context, target, Evaluate(value, scope), inner);
        return Render(with.Body, inner, output);
    }

    private TemplateValue CallBlock(CallBlockStatement block, Scope scope)
    {
        var caller = new MacroValue(this, block.Caller, scope);
        var arguments = _expressions.EvaluateArguments(block.Call.Arguments, scope);
        if (Evaluate(block.Call.Target, scope) is not CallableValue callee)
            throw new TemplateError("the target of a call block cannot be called");
        return callee.Invoke(context, arguments with { Named = [.. arguments.Named, (MacroValue.Caller, caller)] });
    }

    private TemplateValue Filtered(Expression? filter, StringValue text, Scope scope) =>
        filter is null ? text : _expressions.ApplyFilters(filter, text, scope);
}
