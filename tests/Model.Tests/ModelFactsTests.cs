using System.Text.Json.Nodes;
using AkkaCp.Model.Safetensors;
using AkkaCp.Model.Tests.Safetensors;
using AkkaCp.Model.Weights;
using AkkaCp.Testing;
using AkkaCp.Text.Files;
using Xunit;

namespace AkkaCp.Model.Tests;

public sealed class ModelFactsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ModelFacts _demo;

    public ModelFactsTests()
    {
        foreach (var file in Directory.EnumerateFiles(RepositoryFiles.DemoModel)
            .Where(file => Path.GetExtension(file) is not ".safetensors"))
        {
            File.Copy(file, _folder.File(Path.GetFileName(file)));
        }

        _demo = ModelFacts.Read(RepositoryFiles.DemoModel);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void CopyOfADirectory_HasTheSameFacts_WithoutItsWeights()
    {
        Assert.Equal(_demo, ModelFacts.Read(_folder.Path));
        Assert.Empty(_demo.DifferencesTo(ModelFacts.Read(_folder.Path)));
        Assert.Equal(
            ["config.json", "tokenizer.json", "tokenizer_config.json", "chat template", "generation_config.json"],
            _demo.Files.Select(fact => fact.Name));
        Assert.All(_demo.Files, fact => Assert.Matches("^([0-9a-f]{32}|none)$", fact.Hash));
        Assert.Matches("^[0-9a-f]{32}$", _demo.Hash);
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("tokenizer.json")]
    [InlineData("tokenizer_config.json")]
    [InlineData("generation_config.json")]
    public void FileThatDiffers_IsNamed_AndNoOther(string name)
    {
        var changed = JsonNode.Parse(File.ReadAllText(_folder.File(name)))!;
        changed["something"] = 1;
        File.WriteAllText(_folder.File(name), changed.ToJsonString());
        AssertDiffers(name);

        File.Delete(_folder.File(name));
        var found = ModelFacts.Read(_folder.Path);
        Assert.Contains((name, _demo.Files.Single(fact => fact.Name == name).Hash, "none"), _demo.DifferencesTo(found));
    }

    [Fact]
    public void Template_IsAFactOfItsOwn_WhereverItIsKept()
    {
        var path = _folder.File("tokenizer_config.json");
        var config = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        var template = File.Exists(_folder.File("chat_template.jinja"))
            ? File.ReadAllText(_folder.File("chat_template.jinja"))
            : config["chat_template"]!.GetValue<string>();
        File.Delete(_folder.File("chat_template.jinja"));
        config["chat_template"] = template;
        File.WriteAllText(path, config.ToJsonString());
        Assert.Empty(_demo.DifferencesTo(ModelFacts.Read(_folder.Path)));

        config.Remove("chat_template");
        File.WriteAllText(path, config.ToJsonString());
        File.WriteAllText(_folder.File("chat_template.jinja"), template);
        Assert.Empty(_demo.DifferencesTo(ModelFacts.Read(_folder.Path)));

        File.Move(_folder.File("chat_template.jinja"), _folder.File("old"));
        File.WriteAllText(_folder.File("chat_template.json"), new JsonObject { ["chat_template"] = template }.ToJsonString());
        Assert.Empty(_demo.DifferencesTo(ModelFacts.Read(_folder.Path)));
        File.WriteAllText(_folder.File("chat_template.json"), new JsonObject { ["chat_template"] = template + "!" }.ToJsonString());
        AssertDiffers("chat template");

        File.Move(_folder.File("old"), _folder.File("chat_template.jinja"));
        Assert.Empty(_demo.DifferencesTo(ModelFacts.Read(_folder.Path)));
        File.AppendAllText(_folder.File("chat_template.jinja"), "!");
        AssertDiffers("chat template");
        File.WriteAllText(_folder.File("chat_template.jinja"), template);
        File.WriteAllText(Directory.CreateDirectory(_folder.File("additional_chat_templates")).FullName + "/tool_use.jinja", "{{ 1 }}");
        AssertDiffers("chat template");
    }

    [Fact]
    public void LayoutOfJson_OrderOfItsKeys_AndNotesOnWhoSavedIt_DoNotCount()
    {
        var path = _folder.File("config.json");
        var config = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        var turned = new JsonObject();
        foreach (var (key, value) in config.Reverse())
            turned[key] = value?.DeepClone();
        turned["transformers_version"] = "99.0";
        File.WriteAllText(path, turned.ToJsonString(new() { WriteIndented = true }) + "\n\n");
        Assert.Empty(_demo.DifferencesTo(ModelFacts.Read(_folder.Path)));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("")]
    [InlineData("[1, 2]")]
    [InlineData("{\"a\": \"\\ud800\"}")]
    [InlineData("{\"a\": 1, \"a\": 2}")]
    public void MalformedFile_DiffersAndDoesNotThrow(string content)
    {
        File.WriteAllText(_folder.File("tokenizer_config.json"), content);
        Assert.Contains("tokenizer_config.json", _demo.DifferencesTo(ModelFacts.Read(_folder.Path)).Select(fact => fact.Name));
    }

    [Fact]
    public void FileThatCannotBeRead_IsNamed()
    {
        File.Delete(_folder.File("tokenizer.json"));
        Directory.CreateDirectory(_folder.File("tokenizer.json"));
        Assert.Equal(_folder.File("tokenizer.json"), Assert.Throws<ModelFormatException>(() => ModelFacts.Read(_folder.Path)).File);
    }

    [Fact]
    public void TensorsHash_IsOfNamesTypesAndShapes_WhateverFilesTheyAreIn()
    {
        Assert.NotEqual(Tensors(RepositoryFiles.TinyModel("f32")), Tensors(RepositoryFiles.TinyModel("bf16")));
        Write(_folder.Path, "model.safetensors", ("a", 2), ("b", 3));
        var one = Tensors(_folder.Path);
        File.Delete(_folder.File("model.safetensors"));
        Write(_folder.Path, "x.safetensors", ("b", 3));
        Write(_folder.Path, "y.safetensors", ("a", 2));
        File.WriteAllText(_folder.File("model.safetensors.index.json"), """{"weight_map": {"a": "y.safetensors", "b": "x.safetensors"}}""");
        Assert.Equal(one, Tensors(_folder.Path));
        Write(_folder.Path, "y.safetensors", ("a", 4));
        Assert.NotEqual(one, Tensors(_folder.Path));
    }

    private void AssertDiffers(string name)
    {
        var found = ModelFacts.Read(_folder.Path);
        var (differing, ours, theirs) = Assert.Single(_demo.DifferencesTo(found));
        Assert.Equal(name, differing);
        Assert.NotEqual(ours, theirs);
        Assert.NotEqual(_demo.Hash, found.Hash);
    }

    private static string Tensors(string directory)
    {
        using var files = WeightFiles.Open(directory);
        return files.TensorsHash();
    }

    private static void Write(string directory, string file, params (string Name, int Length)[] tensors)
    {
        using var writer = SafetensorsWriter.Create(
            Path.Combine(directory, file),
            tensors.Select(tensor => (tensor.Name, SafetensorsDType.F32, (IReadOnlyList<long>)[tensor.Length])));
        foreach (var (_, length) in tensors)
            writer.Write(new float[length]);
        writer.Complete();
    }
}
