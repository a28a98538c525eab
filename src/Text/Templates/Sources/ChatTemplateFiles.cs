using System.Text.Json;
using AkkaCp.Text.Files;

namespace AkkaCp.Text.Templates;

/// <summary>A chat template's text. <see cref="Name"/> is what errors call it: its file, or the place in one.</summary>
internal readonly record struct TemplateText(string Name, string Text);

/// <summary>The chat templates by name and the special tokens of a model directory.</summary>
internal sealed record ChatTemplateFiles(
    IReadOnlyDictionary<string, TemplateText> Templates, IReadOnlyDictionary<string, string> SpecialTokens)
{
    /// <summary>The template that is taken where no other is asked for.</summary>
    public const string Default = "default";

    private const string TemplateFile = "chat_template.jinja";
    private const string TemplateFolder = "additional_chat_templates";
    private const string ConfigFile = "tokenizer_config.json";
    private const string ProcessorFile = "chat_template.json";
    private const string TemplateKey = "chat_template";

    /// <summary>The templates and tokens of a model that has a template.</summary>
    /// <exception cref="ModelFormatException">There is none, or a file is malformed.</exception>
    public static ChatTemplateFiles Read(ModelFolder folder) => Find(folder) is { Count: > 0 } templates
        ? new ChatTemplateFiles(templates, SpecialTokensOf(ParseObject(folder, ConfigFile)))
        : throw new ModelFormatException(folder.Path, TemplateKey, $"{TemplateFile}, or the key in {ConfigFile}", "neither");

    /// <summary>
    /// As transformers: files of Jinja come before tokenizer_config.json, all of them together; chat_template.json, which processors
    /// of images read, comes last.
    /// </summary>
    /// <exception cref="ModelFormatException">A file is malformed.</exception>
    public static IReadOnlyDictionary<string, TemplateText> Find(ModelFolder folder)
    {
        var config = ParseObject(folder, ConfigFile);
        var templates = OfFiles(folder);
        if (templates.Count == 0)
            templates = OfJson(folder.PathOf(ConfigFile), config);
        if (templates.Count == 0)
            templates = OfJson(folder.PathOf(ProcessorFile), ParseObject(folder, ProcessorFile));
        return templates;
    }

    private static Dictionary<string, TemplateText> OfFiles(ModelFolder folder)
    {
        var templates = new Dictionary<string, TemplateText>(StringComparer.Ordinal);
        if (folder.Has(TemplateFile))
            templates[Default] = new TemplateText(folder.PathOf(TemplateFile), folder.ReadText(TemplateFile));
        foreach (var name in folder.FilesIn(TemplateFolder, ".jinja"))
            templates[Path.GetFileNameWithoutExtension(name)] = new TemplateText(folder.PathOf(name), folder.ReadText(name));

        return templates;
    }

    private static Dictionary<string, TemplateText> OfJson(string path, JsonElement config)
    {
        var templates = new Dictionary<string, TemplateText>(StringComparer.Ordinal);
        if (config.ValueKind != JsonValueKind.Object || !config.TryGetProperty(TemplateKey, out var value))
            return templates;
        switch (value.ValueKind)
        {
            case JsonValueKind.Null:
                break;
            case JsonValueKind.String:
                templates[Default] = new TemplateText($"{path}#{TemplateKey}", value.GetString()!);
                break;
            case JsonValueKind.Array:
                foreach (var (name, text) in value.EnumerateArray().Select((entry, index) => Named(path, entry, index)))
                    templates[name] = new TemplateText($"{path}#{TemplateKey}.{name}", text);
                break;
            default:
                throw new ModelFormatException(path, TemplateKey, "a string or a list of named templates", value.ValueKind.ToString());
        }

        return templates;
    }

    private static (string Name, string Text) Named(string path, JsonElement entry, int index) =>
        StringAt(entry, "name") is { } name && StringAt(entry, "template") is { } text
            ? (name, text)
            : throw new ModelFormatException(
                path, $"{TemplateKey}[{index}]", "an object with a name and a template", entry.ValueKind.ToString());

    /// <summary>The file's object; of no kind where there is no file.</summary>
    private static JsonElement ParseObject(ModelFolder folder, string name)
    {
        if (!folder.Has(name))
            return default;
        using var document = folder.ReadJson(name);
        return document.RootElement.ValueKind == JsonValueKind.Object
            ? document.RootElement.Clone()
            : throw new ModelFormatException(folder.PathOf(name), "top level", "an object", document.RootElement.ValueKind.ToString());
    }

    /// <summary>A token is a string, or an object whose content is one.</summary>
    private static Dictionary<string, string> SpecialTokensOf(JsonElement config)
    {
        var tokens = new Dictionary<string, string>(StringComparer.Ordinal);
        if (config.ValueKind != JsonValueKind.Object)
            return tokens;
        foreach (var property in config.EnumerateObject().Where(p => p.Name.EndsWith("_token", StringComparison.Ordinal)))
        {
            var value = property.Value;
            if (value.ValueKind == JsonValueKind.Object && value.TryGetProperty("content", out var content))
                value = content;
            if (value.ValueKind == JsonValueKind.String)
                tokens[property.Name] = value.GetString()!;
        }

        return tokens;
    }

    private static string? StringAt(JsonElement entry, string key) =>
        entry.ValueKind == JsonValueKind.Object && entry.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
