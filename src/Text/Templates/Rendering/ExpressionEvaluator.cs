using System.Numerics;

namespace AkkaCp.Text.Templates;

/// <summary>Gives expressions their values.</summary>
internal sealed class ExpressionEvaluator(TemplateSource source, RenderContext context)
{
    private bool _isConstant;

    /// <exception cref="TemplateException">An operation failed or a limit was reached, with the innermost expression's place.</exception>
    public TemplateValue Evaluate(Expression expression, Scope scope)
    {
        try
        {
            context.Budget.Enter();
            var value = EvaluateByKind(expression, scope);
            context.Budget.Leave();
            return value;
        }
        catch (TemplateError error)
        {
            throw source.ErrorAt(expression.Offset, error.Message, error);
        }
    }

    /// <summary>The value of an expression that Jinja computes when it compiles.</summary>
    public TemplateValue EvaluateConstant(Expression expression, Scope scope)
    {
        _isConstant = true;
        var value = Evaluate(expression, scope);
        _isConstant = false;
        return value;
    }

    /// <summary>Applies a filter, or a chain of them, to the text of a block.</summary>
    public TemplateValue ApplyFilters(Expression chain, StringValue text, Scope scope)
    {
        var filter = (FilterExpression)chain;
        context.Budget.Enter();
        var subject = filter.Target is null ? text : ApplyFilters(filter.Target, text, scope);
        context.Budget.Leave();
        return Evaluate(filter with { Target = new LiteralExpression(filter.Offset, subject) }, scope);
    }

    public CallArguments EvaluateArguments(ArgumentList arguments, Scope scope)
    {
        if (ReferenceEquals(arguments, ArgumentList.Empty))
            return CallArguments.None;
        var positional = arguments.Positional.Select(value => Evaluate(value, scope)).ToList();
        if (arguments.Rest is not null)
            positional.AddRange(Sequences.Iterate(context, Evaluate(arguments.Rest, scope)));
        var named = arguments.Named.Select(pair => (pair.Name, Evaluate(pair.Value, scope))).ToList();
        if (arguments.NamedRest is not null)
        {
            var rest = NamedRest(Evaluate(arguments.NamedRest, scope)).ToList();
            if (rest.Find(pair => arguments.Named.Any(other => other.Name == pair.Name)) is { Name: { } twice })
                throw new TemplateError($"the argument '{twice}' is given twice");
            named.AddRange(rest);
        }

        return new CallArguments(positional, named);
    }

    private TemplateValue EvaluateByKind(Expression expression, Scope scope)
    {
        switch (expression)
        {
            case LiteralExpression literal:
                return literal.Value;
            case NameExpression name:
                return scope.Find(name.Name) ?? UndefinedValue.Variable(name.Name);
            case AttributeExpression attribute:
                return Members.Attribute(Evaluate(attribute.Target, scope), attribute.Name);
            case ItemExpression item:
                return Members.Item(context, Evaluate(item.Target, scope), Evaluate(item.Index, scope));
            case SliceExpression slice:
                return Slice(slice, scope);
            case CallExpression call:
                return Call(Evaluate(call.Target, scope), EvaluateArguments(call.Arguments, scope));
            case FilterExpression filter:
                return FilterTable.Apply(context, filter.Name, Evaluate(filter.Target!, scope), EvaluateArguments(filter.Arguments, scope));
            case TestExpression test:
                var holds = TestTable.Apply(context, test.Name, Evaluate(test.Target, scope), EvaluateArguments(test.Arguments, scope));
                return BooleanValue.Of(holds != test.IsNegated);
            default:
                return EvaluateOperator(expression, scope);
        }
    }

    private TemplateValue EvaluateOperator(Expression expression, Scope scope)
    {
        switch (expression)
        {
            case ArithmeticExpression arithmetic:
                return Arithmetic.Apply(context, arithmetic.Operator, Evaluate(arithmetic.Left, scope), Evaluate(arithmetic.Right, scope));
            case SignExpression sign:
                return Arithmetic.Sign(sign.IsNegative, Evaluate(sign.Operand, scope));
            case NotExpression not:
                return BooleanValue.Of(!Evaluate(not.Operand, scope).IsTruthy);
            case LogicalExpression logical:
                var left = Evaluate(logical.Left, scope);
                return left.IsTruthy == logical.IsAnd ? Evaluate(logical.Right, scope) : left;
            case ComparisonExpression comparison:
                return BooleanValue.Of(Compare(comparison, scope));
            case ConditionalExpression conditional:
                return Choose(conditional, scope);
            case ConcatExpression concat:
                return Concat(concat, scope);
            case SequenceExpression sequence:
                return new SequenceValue(
                    [.. sequence.Items.Select(item => Evaluate(item, scope))], sequence.IsTuple ? SequenceKind.Tuple : SequenceKind.List);
            case MappingExpression mapping:
                return Mapping(mapping, scope);
            default:
                throw new InvalidOperationException($"Unknown expression {expression.GetType().Name}.");
        }
    }

    private TemplateValue Slice(SliceExpression slice, Scope scope)
    {
        var target = Evaluate(slice.Target, scope);
        var (start, stop, step) = (Bound(slice.Start, scope), Bound(slice.Stop, scope), Bound(slice.Step, scope));
        if (_isConstant && target is not (SequenceValue or StringValue or BytesValue or UndefinedValue))
            return UndefinedValue.Member(target, "slice");
        return Slices.Cut(context, target, new SliceBounds(start, stop, step ?? 1));
    }

    private int? Bound(Expression? bound, Scope scope) => bound is null ? null : Evaluate(bound, scope) switch
    {
        NoneValue => null,
        NumberValue integer and not FloatValue => (int)BigInteger.Clamp(Numbers.ToInteger(integer), -int.MaxValue, int.MaxValue),
        UndefinedValue undefined => throw new TemplateError(undefined.Reason),
        var other => throw new TemplateError($"a slice's bound must be an integer, found '{other.TypeName}'"),
    };

    public TemplateValue Call(TemplateValue target, CallArguments arguments) => target switch
    {
        CallableValue callable => callable.Invoke(context, arguments),
        UndefinedValue undefined => throw new TemplateError(undefined.Reason),
        _ => throw new TemplateError($"'{target.TypeName}' cannot be called"),
    };

    private IEnumerable<(string Name, TemplateValue Value)> NamedRest(TemplateValue value)
    {
        if (value is not MappingValue mapping)
            throw new TemplateError($"'**' needs a mapping, found '{value.TypeName}'");
        context.Budget.Items(mapping.Entries.Count);
        return mapping.Entries.Select(entry => (((TemplateValue?)entry.Key).AsText("call", "**"), entry.Value));
    }

    private bool Compare(ComparisonExpression comparison, Scope scope)
    {
        var left = Evaluate(comparison.First, scope);
        foreach (var (op, operand) in comparison.Rest)
        {
            var right = Evaluate(operand, scope);
            if (!Comparison.Apply(context, op, left, right))
                return false;
            left = right;
        }

        return true;
    }

    private TemplateValue Choose(ConditionalExpression conditional, Scope scope)
    {
        if (Evaluate(conditional.Test, scope).IsTruthy)
            return Evaluate(conditional.Then, scope);
        return conditional.Else is null
            ? new UndefinedValue("the conditional expression was false and has no else")
            : Evaluate(conditional.Else, scope);
    }

    private StringValue Concat(ConcatExpression concat, Scope scope)
    {
        var values = concat.Parts.Select(part => Evaluate(part, scope)).ToList();
        var text = new BoundedText(context.Budget);
        var isMarkup = concat.Escapes && values.Exists(value => value is MarkupValue);
        foreach (var value in values)
            text.Append(isMarkup ? Html.Escape(context, value).Value : PythonText.Str(context, value));
        return isMarkup ? new MarkupValue(text.ToString()) : text.ToValue();
    }

    private MappingValue Mapping(MappingExpression mapping, Scope scope)
    {
        var entries = MappingValue.NewEntries();
        foreach (var (key, value) in mapping.Pairs)
            Put(entries, Evaluate(key, scope), Evaluate(value, scope));
        return new MappingValue(entries);
    }

    private void Put(OrderedDictionary<TemplateValue, TemplateValue> entries, TemplateValue key, TemplateValue value)
    {
        context.Budget.Key(key);
        entries[key] = value;
    }
}
