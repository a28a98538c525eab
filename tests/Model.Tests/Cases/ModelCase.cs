using System.Text.Json.Nodes;
using AkkaCp.Testing;

namespace AkkaCp.Model.Tests.Cases;

/// <summary>
/// One folder beside this file: files that take the place of the demo model's, <c>NAME-part.json</c> whose members do, and what comes of
/// it in <c>expected.json</c>. Its member "rename" renames texts in all files first.
/// </summary>
internal sealed class ModelCase
{
    private const string Part = "-part.json";
    private const string ExpectedFile = "expected.json";

    private readonly string _folder;

    public ModelCase(string name)
    {
        _folder = Path.Combine(Root, name);
        Expected = JsonNode.Parse(File.ReadAllText(Path.Combine(_folder, ExpectedFile)))!.AsObject();
    }

    /// <summary>Names of all cases.</summary>
    public static IEnumerable<string> Names => Directory.GetDirectories(Root).Select(folder => Path.GetFileName(folder)!).Order();

    /// <summary>What comes of it.</summary>
    public JsonObject Expected { get; }

    private static string Root => Path.Combine(RepositoryFiles.Root, "tests", "Model.Tests", "Cases");

    /// <summary>The demo model with the case's files in it.</summary>
    public ModelCopy Create()
    {
        var model = new ModelCopy();
        foreach (var (text, by) in Expected["rename"]?.AsObject() ?? [])
        {
            foreach (var file in (string[])["tokenizer.json", "tokenizer_config.json", "chat_template.jinja"])
                model.Replace(file, text, by!.GetValue<string>());
        }

        foreach (var path in Directory.GetFiles(_folder))
            Apply(model, Path.GetFileName(path), File.ReadAllText(path));
        return model;
    }

    private static void Apply(ModelCopy model, string name, string text)
    {
        if (name.EndsWith(Part, StringComparison.Ordinal))
        {
            model.Merge(name[..^Part.Length] + ".json", JsonNode.Parse(text)!.AsObject());
        }
        else if (name != ExpectedFile && !name.EndsWith(".md", StringComparison.Ordinal)
            && !name.EndsWith(".txt", StringComparison.Ordinal))
        {
            model.Write(name, text);
        }
    }
}
