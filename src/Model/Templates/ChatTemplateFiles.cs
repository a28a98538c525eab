using System.Text.Json;
using AkkaCp.Model.Files;

namespace AkkaCp.Model.Templates;

/// <summary>The chat template and special tokens of a model directory.</summary>
internal sealed record ChatTemplateFiles(string Name, string Template, IReadOnlyDictionary<string, string> SpecialTokens)
{
    private const string TemplateFile = "chat_template.jinja";
    private const string ConfigFile = "tokenizer_config.json";
    private const string TemplateKey = "chat_template";

    public static ChatTemplateFiles Read(string modelDirectory)
    {
        var templatePath = Path.Combine(modelDirectory, TemplateFile);
        var configPath = Path.Combine(modelDirectory, ConfigFile);
        var config = ModelFile.Exists(configPath) ? ParseConfig(configPath) : default;
        var specialTokens = SpecialTokensOf(config);
        if (ModelFile.Exists(templatePath))
            return new ChatTemplateFiles(templatePath, ModelFile.ReadText(templatePath), specialTokens);
        if (config.ValueKind != JsonValueKind.Object)
            throw new ModelFormatException(modelDirectory, TemplateKey, $"a file {TemplateFile} or {ConfigFile}", "neither");
        return new ChatTemplateFiles($"{configPath}#{TemplateKey}", TemplateOf(configPath, config), specialTokens);
    }

    private static JsonElement ParseConfig(string path)
    {
        using var document = ModelJson.Read(path);
        return document.RootElement.ValueKind == JsonValueKind.Object
            ? document.RootElement.Clone()
            : throw new ModelFormatException(path, "top level", "an object", document.RootElement.ValueKind.ToString());
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

    private static string TemplateOf(string path, JsonElement config)
    {
        if (!config.TryGetProperty(TemplateKey, out var template))
            throw new ModelFormatException(path, TemplateKey, $"a template, or a file {TemplateFile} beside it", "neither");
        return template.ValueKind switch
        {
            JsonValueKind.String => template.GetString()!,
            JsonValueKind.Array => DefaultOf(path, template),
            _ => throw new ModelFormatException(path, TemplateKey, "a string or a list of named templates", template.ValueKind.ToString()),
        };
    }

    private static string DefaultOf(string path, JsonElement templates)
    {
        foreach (var entry in templates.EnumerateArray())
        {
            if (StringAt(entry, "name") == "default" && StringAt(entry, "template") is { } template)
                return template;
        }

        throw new ModelFormatException(path, TemplateKey, "an entry with name \"default\" and a template", "none");
    }

    private static string? StringAt(JsonElement entry, string key) =>
        entry.ValueKind == JsonValueKind.Object && entry.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
