namespace AkkaCp.Text.Templates;

/// <summary>The variable "self": the template's blocks, each a function that renders it once more.</summary>
internal sealed class SelfValue(StatementRenderer renderer, IReadOnlyDictionary<string, BlockStatement> blocks) : ObjectValue
{
    public override string TypeName => "TemplateReference None";

    public override TemplateValue? Attribute(string name) => blocks.TryGetValue(name, out var block)
        ? new BuiltinValue((context, _, arguments) => Render(context, block, arguments), this)
        : null;

    private TemplateValue Render(RenderContext context, BlockStatement block, CallArguments arguments)
    {
        arguments.Bind(block.Name);
        context.Budget.Enter();
        var text = renderer.Capture(new Body([block with { IsScoped = false }]), new Scope());
        context.Budget.Leave();
        return context.Escapes ? new MarkupValue(text) : new StringValue(text);
    }
}
