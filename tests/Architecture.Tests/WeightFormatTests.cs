using AkkaCp.Model.Weights;
using Xunit;

namespace AkkaCp.Architecture.Tests;

/// <summary>What reads weights knows no format, so that a further one is a further source and a line where sources are opened.</summary>
public class WeightFormatTests
{
    private const string Format = "AkkaCp.Model.Safetensors";

    [Fact]
    public void Safetensors_AreNamedWhereSourcesAreOpenedAndWhereModelsAreMadeUp()
    {
        var model = SourceProject.All.Single(project => project.Name == "Model").Assembly;
        var users = model.GetTypes()
            .Where(type => type.Namespace is { } space && space != Format && FolderGraph.UsedBy(type)
                .SelectMany(IlReader.Parts).Any(used => used.Namespace == Format))
            .Select(OutermostOf).Distinct().ToList();

        Assert.Equal([nameof(WeightFiles)], users.Where(type => type.Namespace != "AkkaCp.Model.Synth").Select(type => type.Name));
    }

    [Fact]
    public void OtherProjects_NameNoFormat() => Assert.DoesNotContain(
        SourceProject.All.Where(project => project.Name != "Model").SelectMany(project => ReferencedType.Of(project.Assembly)),
        type => type.Namespace == Format);

    private static Type OutermostOf(Type type) => type.DeclaringType is { } outer ? OutermostOf(outer) : type;
}
