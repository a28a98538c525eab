using AkkaCp.Model;
using AkkaCp.Model.Weights;
using Xunit;

namespace AkkaCp.Architecture.Tests;

/// <summary>What reads weights knows no format, so that a further one is a further source and a line where sources are opened.</summary>
public class WeightFormatTests
{
    private const string Format = "AkkaCp.Model.Safetensors";
    private const string Gguf = "AkkaCp.Model.Gguf";
    private const string Quantised = "AkkaCp.Model.Quantized";

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

    // Quantising at load makes GGUF's blocks.
    [Fact]
    public void Gguf_IsNamedWhereSourcesAreOpenedAndWhereAModelsFilesAre()
    {
        var model = SourceProject.All.Single(project => project.Name == "Model").Assembly;
        var users = model.GetTypes()
            .Where(type => type.Namespace is { } space && !IsGguf(space) && FolderGraph.UsedBy(type)
                .SelectMany(IlReader.Parts).Any(used => IsGguf(used.Namespace)))
            .Select(type => OutermostOf(type).Name).Distinct().Order();

        Assert.Equal(["GroupEncoding", nameof(ModelFiles), nameof(WeightFiles)], users);
    }

    [Fact]
    public void QuantisedForms_AreNamedWhereSourcesAreOpened()
    {
        var model = SourceProject.All.Single(project => project.Name == "Model").Assembly;
        var users = model.GetTypes()
            .Where(type => type.Namespace is { } space && space != Quantised && FolderGraph.UsedBy(type)
                .SelectMany(IlReader.Parts).Any(used => used.Namespace == Quantised))
            .Select(type => OutermostOf(type).Name).Distinct();

        Assert.Equal([nameof(WeightFiles)], users);
    }

    [Fact]
    public void OtherProjects_NameNoFormat() => Assert.DoesNotContain(
        SourceProject.All.Where(project => project.Name != "Model").SelectMany(project => ReferencedType.Of(project.Assembly)),
        type => type.Namespace == Format || IsGguf(type.Namespace));

    private static bool IsGguf(string? space) => space?.StartsWith(Gguf, StringComparison.Ordinal) == true;

    private static Type OutermostOf(Type type) => type.DeclaringType is { } outer ? OutermostOf(outer) : type;
}
