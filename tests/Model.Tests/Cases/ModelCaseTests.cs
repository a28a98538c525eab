using System.Text.Json;
using System.Text.Json.Nodes;
using AkkaCp.Model.Configuration;
using AkkaCp.Model.Ending;
using AkkaCp.Model.Tests.Files;
using AkkaCp.Model.Weights;
using AkkaCp.Testing;
using AkkaCp.Text.Templates;
using AkkaCp.Text.Tokenization;
using Xunit;

namespace AkkaCp.Model.Tests.Cases;

/// <summary>Each folder is one model directory as somebody wrote it.</summary>
public class ModelCaseTests
{
    private static readonly string[] s_texts = ["What is 37 + 45?", "a<|im_start|>b\n\ncaf\u00e9 cafe\u0301 12345", "  \tx"];

    public static TheoryData<string> Names => [.. ModelCase.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Directory_IsReadAsExpected(string name)
    {
        var given = new ModelCase(name);
        using var model = given.Create();
        var errors = ModelReaders.ErrorsOf(model.Path);
        if (given.Expected["refused"] is { } key)
        {
            Assert.Contains(key.GetValue<string>(), Assert.Single(errors).Message, StringComparison.Ordinal);
            return;
        }

        Assert.Empty(errors);
        var config = ModelConfig.Load(model.Path);
        WeightFiles.Check(model.Path, config);
        Tokenizer.Load(model.Path).RequireFits(config.VocabSize);
        AssertMembers(given.Expected["config"], config);
        AssertMembers(given.Expected["defaults"], GenerationDefaults.Load(model.Path));
        if (given.Expected["ids"] is not null)
            AssertSameIds(model.Path);
        if (given.Expected["endTokens"] is { } ends)
            Assert.Equal(ends.AsArray().Select(id => id!.GetValue<int>()), EndTokensOf(model.Path, config));
    }

    private static void AssertMembers(JsonNode? expected, object found)
    {
        var members = JsonSerializer.SerializeToNode(found)!;
        foreach (var (name, value) in expected?.AsObject() ?? [])
        {
            Assert.True(JsonNode.DeepEquals(value, members[name]),
                $"{name}: expected {value?.ToJsonString()}, found {members[name]?.ToJsonString()}");
        }
    }

    private static IEnumerable<int> EndTokensOf(string directory, ModelConfig config) => EndTokens.Find(
        config, GenerationDefaults.Load(directory), Tokenizer.Load(directory), ChatTemplate.Load(directory)).Tokens.Select(
            token => token.Id);

    private static void AssertSameIds(string directory)
    {
        var demo = Tokenizer.Load(RepositoryFiles.DemoModel);
        var changed = Tokenizer.Load(directory);
        Assert.All(s_texts, text => Assert.Equal(demo.Encode(text), changed.Encode(text)));
        Assert.All(Enumerable.Range(0, demo.VocabSize), id => Assert.Equal(demo.Decode([id]), changed.Decode([id])));
    }
}
