using System.Text.Json.Nodes;
using AkkaCp.Text.Files;

namespace AkkaCp.Text.Templates;

/// <summary>
/// A model's chat template: turns messages into the prompt text that the model was trained on. It gives what
/// <c>transformers.apply_chat_template</c> gives: Jinja with <c>trim_blocks</c> and <c>lstrip_blocks</c>, without the trailing line
/// break, with <c>raise_exception</c> and <c>strftime_now</c>, and <c>tojson</c> that leaves characters as they are.
/// All of Jinja's tags, filters, tests and functions are there but for those that need other templates, and what templates reach of
/// Python's types; docs/templates.md has the rest.
/// Templates reach no .NET object and cannot run without end (<see cref="TemplateLimits"/>). An instance is immutable: any number of
/// threads may render with it.
/// </summary>
public sealed class ChatTemplate
{
    private readonly TemplateSet _templates;
    private readonly TemplateLimits _limits;
    private readonly TimeProvider _time;
    private readonly IReadOnlyDictionary<string, string> _specialTokens;

    private ChatTemplate(ChatTemplateFiles files, TemplateLimits? limits, TimeProvider? time)
    {
        _limits = limits ?? TemplateLimits.Default;
        _templates = new TemplateSet(files.Templates, _limits);
        _time = time ?? TimeProvider.System;
        _specialTokens = files.SpecialTokens;
    }

    /// <summary>
    /// Reads a model's templates: <c>chat_template.jinja</c> and <c>additional_chat_templates/*.jinja</c>, else <c>chat_template</c>
    /// of <c>tokenizer_config.json</c>, which is a text or a list of named texts, else that of <c>chat_template.json</c>. Of several,
    /// "tool_use" renders conversations with tools and "default" all others. The special tokens of <c>tokenizer_config.json</c>
    /// (bos_token, eos_token, …) become variables.
    /// </summary>
    /// <param name="folder">A Hugging Face model directory.</param>
    /// <param name="limits">Bounds of parsing and rendering; default <see cref="TemplateLimits.Default"/>.</param>
    /// <param name="time">The clock of <c>strftime_now</c>; default the system's.</param>
    /// <exception cref="ModelFormatException">There is no template, or tokenizer_config.json is malformed.</exception>
    /// <exception cref="TemplateException">The template is malformed.</exception>
    public static ChatTemplate Load(ModelFolder folder, TemplateLimits? limits = null, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return new ChatTemplate(ChatTemplateFiles.Read(folder), limits, time);
    }

    /// <summary>Reads a template from its text.</summary>
    /// <param name="source">The template.</param>
    /// <param name="name">What errors call it.</param>
    /// <param name="limits">Bounds of parsing and rendering; default <see cref="TemplateLimits.Default"/>.</param>
    /// <param name="time">The clock of <c>strftime_now</c>; default the system's.</param>
    /// <exception cref="TemplateException">The template is malformed.</exception>
    public static ChatTemplate Parse(string source, string name = "template", TemplateLimits? limits = null, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        var templates = new Dictionary<string, TemplateText> { [ChatTemplateFiles.Default] = new(name, source) };
        return new ChatTemplate(new ChatTemplateFiles(templates, new Dictionary<string, string>()), limits, time);
    }

    /// <summary>The prompt text of a conversation.</summary>
    /// <exception cref="TemplateException">
    /// The template failed, refused the input with <c>raise_exception</c>, or reached a limit; or there is one for tools alone.
    /// </exception>
    public string Render(ChatTemplateInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var template = _templates.Choose(hasTools: input.Tools is not null);
        var context = new RenderContext(new RenderBudget(_limits), _time);
        return template.Render(context, Variables(context, template.Source, input));
    }

    /// <summary>Whether a template's own text has a text: what it teaches a model to write is in it word for word.</summary>
    public bool Mentions(string text) => _templates.All.Any(template => template.Source.Text.Contains(text, StringComparison.Ordinal));

    /// <summary>Whether a template leaves tools out of a prompt: it is the same without them.</summary>
    /// <param name="input">A conversation.</param>
    /// <param name="rendered">What <see cref="Render"/> gave for it.</param>
    public bool DropsTools(ChatTemplateInput input, string rendered)
    {
        if (input.Tools is not { Count: > 0 })
            return false;
        try
        {
            return Render(input with { Tools = null }) == rendered;
        }
        catch (TemplateException)
        {
            // A template that refuses the conversation without its tools has a place for them.
            return false;
        }
    }

    private Scope Variables(RenderContext context, TemplateSource source, ChatTemplateInput input)
    {
        var scope = new Scope();
        Globals.DefineIn(scope);
        foreach (var (name, token) in _specialTokens)
            scope.Set(name, new StringValue(token));
        // Absent tools and documents are none, not undefined: that is what the reference passes.
        scope.Set("documents", NoneValue.Instance);
        foreach (var (name, value) in input.Variables)
            scope.Set(name, ToValue(context, source, name, value));
        scope.Set("messages", ToList(context, source, "messages", input.Messages));
        scope.Set("tools", input.Tools is null ? NoneValue.Instance : ToList(context, source, "tools", input.Tools));
        scope.Set("add_generation_prompt", BooleanValue.Of(input.AddGenerationPrompt));
        if (input.EnableThinking is { } thinking)
            scope.Set(ChatTemplateInput.Thinking, BooleanValue.Of(thinking));
        return scope;
    }

    private static SequenceValue ToList(RenderContext context, TemplateSource source, string name, IReadOnlyList<JsonNode?> nodes) =>
        context.List([.. nodes.Select(node => ToValue(context, source, name, node))]);

    private static TemplateValue ToValue(RenderContext context, TemplateSource source, string name, JsonNode? node)
    {
        try
        {
            return JsonInput.ToValue(context, node);
        }
        catch (Exception error) when (error is TemplateError or InvalidOperationException or FormatException)
        {
            // The JSON library throws InvalidOperationException for text that holds half a surrogate pair.
            throw source.ErrorAt(0, $"input '{name}': {error.Message}", error);
        }
    }
}
