using AkkaCp.Text.Files;

namespace AkkaCp.Text.Templates;

/// <summary>
/// A model's templates of which one is chosen as transformers does: tool_use where tools are given and there is one, else default.
/// Others, which only a caller who names them could want, are not read.
/// </summary>
internal sealed class TemplateSet
{
    private const string ToolUse = "tool_use";

    private readonly ParsedTemplate? _default;
    private readonly ParsedTemplate? _toolUse;
    private readonly string _names;

    public TemplateSet(IReadOnlyDictionary<string, TemplateText> templates, TemplateLimits limits)
    {
        ParsedTemplate? Parse(string name) => templates.TryGetValue(name, out var text) ? ParsedTemplate.Parse(text, limits) : null;
        _default = Parse(ChatTemplateFiles.Default);
        _toolUse = Parse(ToolUse);
        _names = string.Join(", ", templates.Keys.Order(StringComparer.Ordinal));
        if (All.Count == 0)
            throw new ModelFormatException(templates.Values.First().Name, "chat_template", "a template named default", _names);
    }

    public IReadOnlyList<ParsedTemplate> All => [.. new[] { _default, _toolUse }.OfType<ParsedTemplate>()];

    /// <exception cref="TemplateException">Without tools, and there is no default.</exception>
    public ParsedTemplate Choose(bool hasTools)
    {
        if (hasTools && _toolUse is not null)
            return _toolUse;
        return _default ?? throw All[0].Source.ErrorAt(
            0, $"without tools there is no template to take: none is named default, there are {_names}");
    }
}
