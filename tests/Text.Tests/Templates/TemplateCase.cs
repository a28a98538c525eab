using System.Text.Json.Nodes;
using AkkaCp.Testing;
using AkkaCp.Text.Templates;

namespace AkkaCp.Text.Tests.Templates;

/// <summary>One entry of cases.json: a template, its input, and what jinja2 rendered (make_cases.py wrote it).</summary>
internal sealed record TemplateCase(string Name, ChatTemplate Template, ChatTemplateInput Input, string Expected)
{
    private static readonly string s_folder = Path.Combine(RepositoryFiles.Root, "tests", "Text.Tests", "Templates");

    private static readonly Dictionary<string, JsonObject> s_cases = JsonNode
        .Parse(File.ReadAllText(Path.Combine(s_folder, "cases.json")))!.AsArray()
        .ToDictionary(node => (string)node!["name"]!, node => node!.AsObject());

    public static IReadOnlyCollection<string> Names => s_cases.Keys;

    public static ChatTemplate Qwen3 { get; } = ChatTemplate.Parse(File.ReadAllText(Path.Combine(s_folder, "qwen3.jinja")), "qwen3.jinja");

    public static TemplateCase Load(string name)
    {
        var entry = s_cases[name];
        var template = entry["file"] is { } file ? LoadFile((string)file!) : ChatTemplate.Parse((string)entry["template"]!);
        return new TemplateCase(name, template, ReadInput(entry["input"]!), (string)entry["expected"]!);
    }

    private static ChatTemplate LoadFile(string file)
    {
        if (file.EndsWith("qwen3.jinja", StringComparison.Ordinal))
            return Qwen3;
        return ChatTemplate.Load(Path.GetDirectoryName(Path.Combine(RepositoryFiles.Root, file))!);
    }

    public static ChatTemplateInput ReadInput(JsonNode input) => new()
    {
        Messages = [.. input["messages"]?.AsArray() ?? []],
        Tools = input["tools"] is JsonArray tools ? [.. tools] : null,
        AddGenerationPrompt = (bool?)input["add_generation_prompt"] ?? true,
        EnableThinking = (bool?)input["enable_thinking"],
    };
}
