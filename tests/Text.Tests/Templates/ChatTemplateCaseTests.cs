using Xunit;

namespace AkkaCp.Text.Tests.Templates;

public sealed class ChatTemplateCaseTests
{
    public static TheoryData<string> Names => [.. TemplateCase.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Render_GivesWhatJinjaGives(string name)
    {
        var entry = TemplateCase.Load(name);

        Assert.Equal(entry.Expected, entry.Template.Render(entry.Input));
    }

    [Fact]
    public void Cases_CoverTheModelsAndTheSubset()
    {
        Assert.True(TemplateCase.Names.Count(name => name.StartsWith("qwen3: ", StringComparison.Ordinal)) >= 20);
        Assert.True(TemplateCase.Names.Count >= 140);
    }
}
