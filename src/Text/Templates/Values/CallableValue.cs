namespace AkkaCp.Text.Templates;

/// <summary>Something that can be called with arguments.</summary>
internal abstract class CallableValue : ObjectValue
{
    public abstract TemplateValue Invoke(RenderContext context, CallArguments arguments);

    public override TemplateValue? Attribute(string name) => null;
}

/// <summary>What a filter, a method and a global function do: a function of the value before the bar or dot, and the arguments.</summary>
internal delegate TemplateValue Operation(RenderContext context, TemplateValue subject, CallArguments arguments);

/// <summary>A built-in function, or a method bound to its value.</summary>
internal sealed class BuiltinValue(
    Operation operation, TemplateValue subject, string typeName = "builtin_function_or_method") : CallableValue
{
    public override string TypeName => typeName;

    public static BuiltinValue WithoutArguments(string name, Func<TemplateValue> function) => new(
        (_, _, arguments) =>
        {
            arguments.Bind(name);
            return function();
        },
        NoneValue.Instance);

    public override TemplateValue Invoke(RenderContext context, CallArguments arguments) => operation(context, subject, arguments);
}
