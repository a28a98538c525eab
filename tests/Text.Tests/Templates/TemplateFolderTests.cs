using System.Text.Json.Nodes;
using AkkaCp.Testing;
using AkkaCp.Text.Templates;
using Xunit;

namespace AkkaCp.Text.Tests.Templates;

/// <summary>Each folder under Cases is a model directory's templates, an input in messages.json, and what transformers renders.</summary>
public sealed class TemplateFolderTests
{
    private static readonly string s_folder = Path.Combine(RepositoryFiles.Root, "tests", "Text.Tests", "Templates", "Cases");

    public static TheoryData<string> Folders => [.. Directory.GetDirectories(s_folder).Select(folder => Path.GetFileName(folder)).Order()];

    [Theory]
    [MemberData(nameof(Folders))]
    public void Render_GivesWhatTransformersGives(string folder)
    {
        var input = JsonNode.Parse(File.ReadAllText(Path.Combine(s_folder, folder, "messages.json")))!;
        var template = ChatTemplate.Load(Path.Combine(s_folder, folder), time: new ParityClock());

        Assert.Equal(File.ReadAllText(Path.Combine(s_folder, folder, "expected.txt")), template.Render(TemplateCase.ReadInput(input)));
    }
}
