namespace AkkaCp.Text.Templates;

/// <summary>A template that can be rendered: its text, its statements, and those of them that are blocks.</summary>
internal sealed record ParsedTemplate(TemplateSource Source, Body Body, IReadOnlyDictionary<string, BlockStatement> Blocks)
{
    /// <exception cref="TemplateException">The template is malformed.</exception>
    public static ParsedTemplate Parse(TemplateText template, TemplateLimits limits)
    {
        var source = new TemplateSource(template.Name, template.Text);
        var body = StatementParser.Parse(source, limits);
        var blocks = SyntaxWalk.All(body).OfType<BlockStatement>().ToDictionary(block => block.Name, StringComparer.Ordinal);
        return new ParsedTemplate(source, body, blocks);
    }

    /// <summary>Renders with the variables of a scope.</summary>
    public string Render(RenderContext context, Scope variables)
    {
        var scope = Scope.For(Body, variables);
        var renderer = new StatementRenderer(Source, context, scope);
        scope.Set("self", new SelfValue(renderer, Blocks));
        var output = new BoundedText(context.Budget);
        renderer.Render(Body, scope, output);
        return output.ToString();
    }
}
