namespace AkkaCp.Model.Templates;

/// <summary>Something that can be called with arguments.</summary>
internal abstract class CallableValue : TemplateValue
{
    public override bool IsTruthy => true;

    public abstract TemplateValue Invoke(RenderContext context, CallArguments arguments);
}

/// <summary>What a filter, a method and a global function do: a function of the value before the bar or dot, and the arguments.</summary>
internal delegate TemplateValue Operation(RenderContext context, TemplateValue subject, CallArguments arguments);

/// <summary>A built-in function, or a method bound to its value.</summary>
internal sealed class BuiltinValue(Operation operation, TemplateValue subject) : CallableValue
{
    public override string TypeName => "builtin_function_or_method";

    public override TemplateValue Invoke(RenderContext context, CallArguments arguments) => operation(context, subject, arguments);
}
