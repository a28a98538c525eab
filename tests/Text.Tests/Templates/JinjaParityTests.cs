using System.IO.Compression;
using System.Text.Json.Nodes;
using AkkaCp.Testing;
using AkkaCp.Text.Templates;
using Xunit;

namespace AkkaCp.Text.Tests.Templates;

/// <summary>Random templates, and what Jinja2 made of them when Parity/make_parity.py recorded it.</summary>
public sealed class JinjaParityTests
{
    private const int MostShown = 20;

    [Fact]
    [Trait(CaseShare.Trait, CaseShare.Shared)]
    public void Render_GivesWhatJinja2Gave_OrRaisesWhereItRaised()
    {
        var lines = ReadLines().ToList();
        var input = TemplateCase.ReadInput(JsonNode.Parse(lines[0])!);
        List<string> cases = [.. CaseShare.Of(lines.Skip(1))];
        Assert.True(cases.Count >= 200);

        List<string> differences = [.. cases.Select(line => Difference(JsonNode.Parse(line)!, input)).OfType<string>()];

        Assert.True(
            differences.Count == 0, $"{differences.Count} of {cases.Count} differ\n{string.Join('\n', differences.Take(MostShown))}");
    }

    /// <summary>Null where both agree. Any other exception than TemplateException ends the test.</summary>
    private static string? Difference(JsonNode recorded, ChatTemplateInput input)
    {
        var template = (string)recorded["t"]!;
        var (text, error) = Render(template, input);
        return text == (string?)recorded["e"] ? null : $"{template}\n  Jinja2: {recorded["e"] ?? recorded["x"]}\n  here:   {text ?? error}";
    }

    private static (string? Text, string? Error) Render(string template, ChatTemplateInput input)
    {
        try
        {
            return (ChatTemplate.Parse(template, time: new ParityClock()).Render(input), null);
        }
        catch (TemplateException error)
        {
            return (null, error.Reason);
        }
    }

    private static IEnumerable<string> ReadLines()
    {
        using var file = File.OpenRead(Path.Combine(RepositoryFiles.Root, "tests", "Text.Tests", "Templates", "Parity", "parity.jsonl.gz"));
        using var reader = new StreamReader(new GZipStream(file, CompressionMode.Decompress));
        while (reader.ReadLine() is { } line)
            yield return line;
    }
}
