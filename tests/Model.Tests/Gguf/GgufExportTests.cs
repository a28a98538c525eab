using System.Text;
using System.Text.Json.Nodes;
using AkkaCp.Model.Configuration;
using AkkaCp.Model.Ending;
using AkkaCp.Model.Gguf;
using AkkaCp.Model.Sampling;
using AkkaCp.Model.Synth;
using AkkaCp.Model.Tests.Safetensors;
using AkkaCp.Model.Weights;
using AkkaCp.Model.Weights.Sources;
using AkkaCp.Npu;
using AkkaCp.Testing;
using AkkaCp.Text.Files;
using AkkaCp.Text.Templates;
using AkkaCp.Text.Tokenization;
using Xunit;

namespace AkkaCp.Model.Tests.Gguf;

/// <summary>Models that become GGUF files, and what is read of these.</summary>
public sealed class GgufExportTests : IDisposable
{
    private static readonly string[] s_smallFiles =
        ["config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json", "chat_template.jinja"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("q4_k_m.gguf")]
    [InlineData("dense-q4_k_m.gguf")]
    [InlineData("mixed.gguf")]
    public void FileOfAGgufFile_SaysTheSame(string file)
    {
        var (first, second) = (ModelFiles.Of(GgufModels.PathOf(file)), ModelFiles.Of(Exported(GgufModels.PathOf(file), "F32")));

        foreach (var name in s_smallFiles.Where(first.Has))
        {
            var (expected, found) = (Encoding.UTF8.GetString(first.Read(name)), Encoding.UTF8.GetString(second.Read(name)));
            Assert.Equal(expected.Replace("bfloat16", "float32", StringComparison.Ordinal), found);
        }

        AssertSameWeights(GgufModels.PathOf(file), second.Path);
    }

    [Fact]
    public void FileOfADirectory_IsTheSameModel()
    {
        var model = RepositoryFiles.TinyModel("f32");
        var file = Exported(model, "F32");
        var (expected, found) = (ModelConfig.Load(model), ModelConfig.Load(ModelFiles.Of(file)));

        Assert.Equal(
            (expected.HiddenSize, expected.NumHiddenLayers, expected.NumAttentionHeads, expected.NumKeyValueHeads, expected.HeadDim),
            (found.HiddenSize, found.NumHiddenLayers, found.NumAttentionHeads, found.NumKeyValueHeads, found.HeadDim));
        Assert.Equal(
            (expected.NumExperts, expected.NumExpertsPerTok, expected.MoeIntermediateSize, expected.IntermediateSize),
            (found.NumExperts, found.NumExpertsPerTok, found.MoeIntermediateSize, found.IntermediateSize));
        Assert.Equal(
            (expected.RmsNormEps, expected.RopeTheta, expected.VocabSize, expected.MaxPositionEmbeddings, expected.TieWordEmbeddings),
            (found.RmsNormEps, found.RopeTheta, found.VocabSize, found.MaxPositionEmbeddings, found.TieWordEmbeddings));
        Assert.Equal(Ends(model), Ends(ModelFiles.Of(file)));
        AssertSameTexts(model, ModelFiles.Of(file));
        AssertSameWeights(model, file);
    }

    [Theory]
    [InlineData("F16", 1e-3)]
    [InlineData("BF16", 4e-3)]
    [InlineData("Q8_0", 1e-2)]
    [InlineData("Q6_K", 3e-2)]
    [InlineData("Q5_K_M", 6e-2)]
    [InlineData("Q4_K_M", 0.1)]
    [InlineData("Q4_0", 0.15)]
    public void WeightsOfAKind_AreNearEachOfTheirs(string kind, double most)
    {
        var file = Exported(GgufModels.PathOf("q4_k_m.gguf"), kind);
        using var expected = WeightFiles.Open(GgufModels.PathOf("q4_k_m.gguf"));
        using var found = WeightFiles.Open(file);

        Assert.All(expected.Tensors, tensor =>
            Assert.InRange(Distance(Values(expected, tensor.Name), Values(found, tensor.Name)), 0, most));
        Assert.Empty(WeightFiles.Check(file, ModelConfig.Load(ModelFiles.Of(file))));
    }

    /// <summary>The model has rows for ids that no token has, and added tokens that look special and are not.</summary>
    [Fact]
    public void AddedTokensAndGaps_StayWhatTheyAre()
    {
        SynthModel.Write("tiny", 1, 7, DType.F32, _folder.File("model"));
        var path = _folder.File("model/tokenizer.json");
        var json = JsonNode.Parse(File.ReadAllText(path))!;
        foreach (var (id, content) in ((int, string)[])[(300, "<think>"), (301, "<|fim_prefix|>"), (302, "<|special|>")])
        {
            json["added_tokens"]!.AsArray().Add(
                new JsonObject { ["id"] = id, ["content"] = content, ["special"] = content == "<|special|>" });
        }

        File.WriteAllText(path, json.ToJsonString());

        var file = Exported(_folder.File("model"), "F32");

        using var set = GgufSet.Open(file);
        Assert.Equal([1, 3, 3, 3, 5, 5, 4, 3, 3, 5], Types(255, 256, 257, 258, 259, 299, 300, 301, 302, 511));
        Assert.Equal("[PAD299]", set.Metadata.Texts("tokenizer.ggml.tokens", out _).ElementAt(299));
        AssertSameTexts(_folder.File("model"), ModelFiles.Of(file));
        var (first, second) = (Tokenizer.Load(_folder.File("model")), Tokenizer.Load(ModelFiles.Of(file)));
        foreach (var text in (string[])["<think>a<|fim_prefix|>b<|special|>c<|im_end|>"])
        {
            Assert.Equal(first.Encode(text), second.Encode(text));
            Assert.Equal(first.Encode(text, allowSpecial: false), second.Encode(text, allowSpecial: false));
            Assert.Equal(first.Decode(first.Encode(text), skipSpecial: true), second.Decode(second.Encode(text), skipSpecial: true));
        }

        IEnumerable<long> Types(params int[] ids) => ids.Select(id => set.Metadata.Integers("tokenizer.ggml.token_type")![id]);
    }

    [Fact]
    public void UnusualEndToken_IsKept()
    {
        var model = Copied("generation_config.json", json => json["eos_token_id"] = new JsonArray(7, 511));

        Assert.Equal([7, 509, 511], Ends(ModelFiles.Of(Exported(model, "F32"))));
    }

    [Fact]
    public void NamedTemplates_AreKept()
    {
        var model = Copied("config.json", _ => { });
        Directory.CreateDirectory(Path.Combine(model, "additional_chat_templates"));
        File.WriteAllText(Path.Combine(model, "additional_chat_templates", "tool_use.jinja"), "tools: {{ tools | length }}");

        var found = ChatTemplate.Load(ModelFiles.Of(Exported(model, "F32")));

        Assert.Equal("tools: 1", found.Render(new ChatTemplateInput { Messages = [], Tools = [new JsonObject()] }));
    }

    [Fact]
    public void TokensBeyondTheEmbedding_AreRefused()
    {
        var model = Copied("tokenizer.json", json => json["added_tokens"]!.AsArray().Add(
            new JsonObject { ["id"] = 512, ["content"] = "<more>", ["special"] = false }));

        var error = Assert.Throws<ModelFormatException>(() => Exported(model, "F32"));

        Assert.Equal(("added_tokens", "ids below the model's vocab_size 512", "512"), (error.Where, error.Expected, error.Found));
    }

    [Fact]
    public void GreedyModel_StaysOne_AndASamplingOneKeepsItsNumbers()
    {
        var sampling = Copied("generation_config.json", json =>
        {
            json["do_sample"] = true;
            (json["temperature"], json["top_k"], json["top_p"], json["min_p"]) = (0.6, 20, 0.95, 0.05);
            json["repetition_penalty"] = 1.05;
        });

        Assert.False(GenerationDefaults.Load(ModelFiles.Of(Exported(RepositoryFiles.DemoModel, "F32"))).DoSample);
        var found = GenerationDefaults.Load(ModelFiles.Of(Exported(sampling, "F32", "sampling.gguf")));
        Assert.Equal(
            new SamplingOptions { Temperature = 0.6f, TopK = 20, TopP = 0.95f, MinP = 0.05f, RepetitionPenalty = 1.05f }, found.Sampling);
    }

    [Fact]
    public void Yarn_IsKept()
    {
        var model = Copied("config.json", json => json["rope_scaling"] = new JsonObject
        {
            ["rope_type"] = "yarn",
            ["factor"] = 4.0,
            ["original_max_position_embeddings"] = 1024,
            ["beta_fast"] = 16.0,
            ["beta_slow"] = 2.0,
        });

        var found = ModelConfig.Load(ModelFiles.Of(Exported(model, "F32"))).RopeScaling!;

        Assert.Equal(
            (RopeScalingType.Yarn, 4.0, 1024, 16.0, 2.0),
            (found.Type, found.Factor, found.OriginalMaxPositionEmbeddings, found.BetaFast, found.BetaSlow));
    }

    [Theory]
    [InlineData("config.json", "norm_topk_prob", "false", "norm_topk_prob: expected true")]
    [InlineData(
        "config.json", "rope_scaling", """{"rope_type": "yarn", "factor": 2, "attention_factor": 1.5}""", "rope_scaling: expected no")]
    [InlineData("tokenizer.json", "normalizer", "null", "normalizer: expected NFC")]
    [InlineData("generation_config.json", "eos_token_id", "[1, 2, 3]", "eos_token_id: expected at most one more than usual, found 1, 2, 3")]
    public void WhatAFileCannotSay_IsRefused(string file, string key, string value, string expected)
    {
        var model = Copied(file, json => json[key] = JsonNode.Parse(value));

        var error = Assert.ThrowsAny<Exception>(() => Exported(model, "F32"));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Theory]
    [InlineData(float.NaN, "Q8_0", "NaN in row 511")]
    [InlineData(float.NegativeInfinity, "BF16", "-Infinity in row 511")]
    [InlineData(1e5f, "Q4_K_M", "magnitudes up to 65504 for Q8_0, found 100000 in row 511")]
    [InlineData(1e5f, "F32", null)]
    public void WeightThatATypeCannotHold_IsRefusedByItsPlace(float value, string kind, string? expected)
    {
        SynthModel.Write("tiny", 1, 7, DType.F32, _folder.File("model"));
        var weights = _folder.File("model/model.safetensors");
        var bytes = File.ReadAllBytes(weights);
        BitConverter.TryWriteBytes(bytes.AsSpan(bytes.Length - 4), value);
        File.WriteAllBytes(weights, bytes);

        if (expected is null)
        {
            Exported(_folder.File("model"), kind);
            return;
        }

        var error = Assert.Throws<ModelFormatException>(() => Exported(_folder.File("model"), kind));
        Assert.Equal("lm_head.weight", error.Where);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void FileThatIsThere_IsReplacedOnlyWhenAsked()
    {
        var path = _folder.File("there.gguf");
        File.WriteAllText(path, "mine");

        Assert.Throws<IOException>(() => ModelFiles.WriteGguf(RepositoryFiles.DemoModel, path, "Q8_0"));
        Assert.Equal("mine", File.ReadAllText(path));
        ModelFiles.WriteGguf(RepositoryFiles.DemoModel, path, "Q8_0", overwrite: true);
        Assert.Equal("expected Q4_K_M, Q5_K_M, Q6_K, Q8_0, Q4_0, BF16, F16, F32, found \"Q9\"", Assert.Throws<ArgumentException>(
            () => ModelFiles.WriteGguf(RepositoryFiles.DemoModel, path, "Q9")).Message.Split("kind: ")[1].Split('.')[0]);
    }

    [Fact]
    public void Cancelled_LeavesNothing()
    {
        var cancelled = new CancellationToken(canceled: true);

        Assert.ThrowsAny<OperationCanceledException>(
            () => ModelFiles.WriteGguf(RepositoryFiles.DemoModel, _folder.File("m.gguf"), "Q8_0", cancellationToken: cancelled));

        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void Progress_GoesUpToTheBytesOfAllTensors()
    {
        var told = new List<LoadProgress>();
        ModelFiles.WriteGguf(RepositoryFiles.DemoModel, _folder.File("m.gguf"), "Q8_0", progress: new Recorded(told));

        Assert.Equal(told.Select(one => one.BytesDone).Order(), told.Select(one => one.BytesDone));
        Assert.Equal(told[^1].BytesTotal, told[^1].BytesDone);
    }

    [Fact]
    public void Names_AreTheOthersTheOtherWay()
    {
        using var weights = WeightFiles.Open(GgufModels.PathOf("mixed.gguf"));
        using var set = GgufSet.Open(GgufModels.PathOf("mixed.gguf"));

        Assert.Equal(
            set.Tensors.Select(one => one.Tensor.Name).Order(),
            weights.Tensors.Select(one => GgufNames.OwnOf(one.Name)).Distinct().Order());
        Assert.Equal("blk.3.attn_q.bias", GgufNames.OwnOf("model.layers.3.self_attn.q_proj.bias"));
        Assert.Equal("blk.12.ffn_down.weight", GgufNames.OwnOf("model.layers.12.mlp.down_proj.weight"));
    }

    private string Exported(string model, string kind, string name = "exported.gguf")
    {
        ModelFiles.WriteGguf(
            model, _folder.File(name), kind, overwrite: true, cancellationToken: TestContext.Current.CancellationToken);
        return _folder.File(name);
    }

    /// <summary>The demo model with another file.</summary>
    private string Copied(string file, Action<JsonObject> change)
    {
        var copy = Directory.CreateDirectory(_folder.File("copy")).FullName;
        foreach (var path in Directory.GetFiles(RepositoryFiles.DemoModel))
            File.Copy(path, Path.Combine(copy, Path.GetFileName(path)));
        var json = JsonNode.Parse(File.ReadAllText(Path.Combine(copy, file)))!.AsObject();
        change(json);
        File.WriteAllText(Path.Combine(copy, file), json.ToJsonString());
        return copy;
    }

    private static IEnumerable<int> Ends(ModelFolder files) => EndTokens.Find(
        ModelConfig.Load(files), GenerationDefaults.Load(files), Tokenizer.Load(files), ChatTemplate.Load(files))
        .Tokens.Select(token => token.Id).Order();

    private static void AssertSameTexts(ModelFolder expected, ModelFolder found)
    {
        var (first, second) = (Tokenizer.Load(expected), Tokenizer.Load(found));
        foreach (var text in (string[])["Grüße, 世界 cafe\u0301", "<|im_start|>user\nhi<|im_end|>\n", "  two\n\n\tthree 12345", ""])
        {
            Assert.Equal(first.Encode(text), second.Encode(text));
            Assert.Equal(first.Encode(text, allowSpecial: false), second.Encode(text, allowSpecial: false));
        }

        var messages = new JsonObject { ["role"] = "user", ["content"] = "hi" };
        Assert.Equal(
            ChatTemplate.Load(expected).Render(new ChatTemplateInput { Messages = [messages.DeepClone()] }),
            ChatTemplate.Load(found).Render(new ChatTemplateInput { Messages = [messages.DeepClone()] }));
    }

    private static void AssertSameWeights(string expected, string found)
    {
        using var first = WeightFiles.Open(expected);
        using var second = WeightFiles.Open(found);
        Assert.Equal(first.Tensors.Select(tensor => tensor.Name).Order(), second.Tensors.Select(tensor => tensor.Name).Order());
        Assert.All(first.Tensors, tensor => Assert.Equal(Values(first, tensor.Name), Values(second, tensor.Name)));
    }

    private static float[] Values(IWeightSource weights, string name)
    {
        var tensor = weights.Find(name)!;
        var values = new float[tensor.Rows * tensor.Columns];
        weights.ReadRows(name, 0, (int)tensor.Rows, 0, (int)tensor.Columns, values);
        return values;
    }

    /// <summary>Root of the squared difference over the squares.</summary>
    private static double Distance(float[] expected, float[] found) => Math.Sqrt(
        expected.Zip(found, (a, b) => ((double)a - b) * ((double)a - b)).Sum() / expected.Sum(value => (double)value * value));

    private sealed class Recorded(List<LoadProgress> told) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) => told.Add(value);
    }
}
