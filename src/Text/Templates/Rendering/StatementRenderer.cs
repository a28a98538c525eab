namespace AkkaCp.Text.Templates;

/// <summary>Carries out statements; their text goes to an output.</summary>
/// <param name="source">Where errors are.</param>
/// <param name="context">The rendering.</param>
/// <param name="top">The template's own variables, which blocks see.</param>
internal sealed class StatementRenderer(TemplateSource source, RenderContext context, Scope top)
{
    /// <summary>What a turn of a loop weighs, in list items.</summary>
    private const int TurnItems = 2;

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
    public string Capture(Body body, Scope scope)
    {
        var output = new BoundedText(context.Budget);
        Render(body, scope, output);
        return output.ToString();
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
                Print(print, scope, output);
                return Jump.None;
            case PrintStatement print:
                return Render(print.Outputs, scope, output);
            case IfStatement choice:
                return Render(Choose(choice, scope), scope, output);
            case ForStatement loop:
                return RenderFor(loop, scope, output);
            case WithStatement with:
                return RenderWith(with, scope, output);
            case AutoEscapeStatement escape:
                return RenderEscaped(escape, scope, output);
            case BlockStatement block:
                return RenderBlock(block, scope, output);
            case SetBlockStatement set:
                return RenderSetBlock(set, scope);
            case FilterBlockStatement block:
                return RenderFilterBlock(block, scope, output);
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
            case MacroStatement macro:
                scope.Set(macro.Macro.Name!, new MacroValue(this, macro.Macro, scope));
                break;
            case CallBlockStatement block:
                output.Append(Text("call", CallBlock(block, scope)));
                break;
            case UnavailableStatement unavailable:
                throw new TemplateError($"'{unavailable.Tag}' needs another template, and a chat template has none");
            default:
                throw new InvalidOperationException($"Unknown statement {statement.GetType().Name}.");
        }
    }

    private void Print(OutputStatement print, Scope scope, BoundedText output)
    {
        var value = print.IsConstant ? _expressions.EvaluateConstant(print.Value, scope) : Evaluate(print.Value, scope);
        output.Append(Escapes(print.Escaping) ? Html.Escape(context, value).Value : PythonText.Str(context, value));
    }

    private bool Escapes(Escaping escaping) => escaping == Escaping.On || (escaping == Escaping.Dynamic && context.Escapes);

    private StringValue Captured(string text, Escaping escaping) => Escapes(escaping) ? new MarkupValue(text) : new StringValue(text);

    /// <summary>What a block puts out, which is text or a mistake.</summary>
    private static string Text(string block, TemplateValue value) => value is StringValue text
        ? text.Value
        : throw new TemplateError($"a {block} block puts out text, found '{value.TypeName}'");

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
        var items = Evaluate(loop.Items, scope);
        if (!loop.IsRecursive)
            return RenderLoop(loop, items, scope, output, recurse: null, depth0: 0);
        output.Append(Recurse(items, 0).Value);
        return Jump.None;

        StringValue Recurse(TemplateValue items, int depth0)
        {
            var text = new BoundedText(context.Budget);
            RenderLoop(loop, items, scope, text, Recurse, depth0);
            return Captured(text.ToString(), loop.Escaping);
        }
    }

    private Jump RenderLoop(
        ForStatement loop, TemplateValue items, Scope scope, BoundedText output,
        Func<TemplateValue, int, TemplateValue>? recurse, int depth0)
    {
        int? length = loop.Test is null && Sequences.HasLength(items) ? Sequences.Length(context, items) : null;
        var variable = new LoopValue(context, Select(loop, items, scope), length, recurse, depth0);
        // Jinja takes the else when no turn ran to its end: a break or continue in each leads there too.
        var completed = false;
        while (variable.Next() is { } item)
        {
            context.Budget.Items(TurnItems);
            var inner = Scope.For(loop.Body, scope);
            inner.Set("loop", variable);
            Assignment.Assign(context, loop.Target, item, inner);
            var jump = Render(loop.Body, inner, output);
            completed |= jump == Jump.None;
            if (jump == Jump.Break)
                break;
        }

        return completed ? Jump.None : Render(loop.Else, Scope.For(loop.Else, scope), output);
    }

    private IEnumerable<TemplateValue> Select(ForStatement loop, TemplateValue items, Scope scope)
    {
        var all = Sequences.Enumerate(context, items);
        return loop.Test is null ? all : all.Where(item =>
        {
            var inner = new Scope(scope);
            Assignment.Assign(context, loop.Target, item, inner);
            return Evaluate(loop.Test, inner).IsTruthy;
        });
    }

    private Jump RenderEscaped(AutoEscapeStatement escape, Scope scope, BoundedText output)
    {
        var outside = context.Escapes;
        context.Escapes = Evaluate(escape.Value, scope).IsTruthy;
        var jump = Render(escape.Body, Scope.For(escape.Body, scope), output);
        context.Escapes = outside;
        return jump;
    }

    private Jump RenderBlock(BlockStatement block, Scope scope, BoundedText output)
    {
        if (block.IsRequired)
            throw new TemplateError($"required block '{block.Name}' is not filled, since no template extends this one");
        return Render(block.Body, Scope.For(block.Body, block.IsScoped ? scope : top), output);
    }

    private Jump RenderSetBlock(SetBlockStatement set, Scope scope)
    {
        var inner = Scope.For(set.Body, scope);
        var text = new BoundedText(context.Budget);
        if (Render(set.Body, inner, text) is var jump and not Jump.None)
            return jump;
        TemplateValue value = set.Filter is null
            ? text.ToValue()
            : _expressions.ApplyFilters(set.Filter, Captured(text.ToString(), set.Escaping), inner);
        Assignment.Assign(context, set.Target, context.Escapes ? new MarkupValue(PythonText.Str(context, value)) : value, scope);
        return Jump.None;
    }

    private Jump RenderFilterBlock(FilterBlockStatement block, Scope scope, BoundedText output)
    {
        var inner = Scope.For(block.Body, scope);
        var text = new BoundedText(context.Budget);
        if (Render(block.Body, inner, text) is var jump and not Jump.None)
            return jump;
        output.Append(Text("filter", _expressions.ApplyFilters(block.Filter, Captured(text.ToString(), block.Escaping), inner)));
        return Jump.None;
    }

    private Jump RenderWith(WithStatement with, Scope scope, BoundedText output)
    {
        var inner = Scope.For(with.Body, scope);
        foreach (var (target, value) in with.Variables)
            Assignment.Assign(context, target, Evaluate(value, scope), inner);
        return Render(with.Body, inner, output);
    }

    private TemplateValue CallBlock(CallBlockStatement block, Scope scope)
    {
        var caller = new MacroValue(this, block.Caller, scope);
        var callee = Evaluate(block.Call.Target, scope);
        var arguments = _expressions.EvaluateArguments(block.Call.Arguments, scope);
        return _expressions.Call(callee, arguments with { Named = [.. arguments.Named, (MacroDefinition.Caller, caller)] });
    }
}
