using System.Text.Json.Nodes;
using AkkaCp.Model.Configuration;
using AkkaCp.Model.Ending;
using AkkaCp.Model.Gguf;
using AkkaCp.Model.Tests.Safetensors;
using AkkaCp.Testing;
using AkkaCp.Text.Files;
using AkkaCp.Text.Templates;
using AkkaCp.Text.Tokenization;
using Xunit;

namespace AkkaCp.Model.Tests.Gguf;

/// <summary>Config, tokenizer, templates, end tokens and defaults of GGUF files.</summary>
public sealed class GgufFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("q4_k_m.gguf", "qwen3_moe", 6, 256, 2, false)]
    [InlineData("mixed.gguf", "qwen3_moe", 3, 256, 2, true)]
    [InlineData("split-00001-of-00003.gguf", "qwen3_moe", 3, 256, 1, false)]
    [InlineData("split-00003-of-00003.gguf", "qwen3_moe", 3, 256, 1, false)]
    [InlineData("dense-q4_k_m.gguf", "qwen3", 0, 0, 2, false)]
    public void Config_HasTheFilesDimensions(string file, string type, int experts, int expertWidth, int layers, bool tied)
    {
        var config = ModelConfig.Load(ModelFiles.Of(GgufModels.PathOf(file)));

        Assert.Equal(
            (type, 256, layers, 4, 2, 64, 512, 4096),
            (config.ModelType, config.HiddenSize, config.NumHiddenLayers, config.NumAttentionHeads, config.NumKeyValueHeads,
                config.HeadDim, config.VocabSize, config.MaxPositionEmbeddings));
        Assert.Equal((experts, experts > 0 ? 2 : 0, expertWidth), (config.NumExperts, config.NumExpertsPerTok, config.MoeIntermediateSize));
        Assert.Equal((experts > 0, tied), (config.NormTopkProb, config.TieWordEmbeddings));
        Assert.Equal((1e6, 1e-6f, "bfloat16"), (config.RopeTheta, config.RmsNormEps, config.TorchDtype));
        Assert.Empty(config.MlpOnlyLayers);
        Assert.Empty(config.UnknownKeys);
        Assert.Empty(config.AssumedKeys);
    }

    [Fact]
    public void Tokenizer_GivesTheIdsOfHuggingFacesFiles()
    {
        var files = Tokenizer.Load(RepositoryFiles.TinyModel("f32"));
        var gguf = Tokenizer.Load(ModelFiles.Of(GgufModels.PathOf("q4_k_m.gguf")));
        string[] texts =
        [
            "The quick brown fox", "  two  spaces\n\n\ttabs", "don't we'll 123 4567", "cafe\u0301 \u1112\u1161\u11ab",
            "中文 и кириллица 🙂",
            "<|im_start|>user\nhi<|im_end|>\n", "<|im_start", "", "\0\u0001",
        ];

        Assert.All(texts, text =>
        {
            Assert.Equal(files.Encode(text), gguf.Encode(text));
            Assert.Equal(files.Encode(text, allowSpecial: false), gguf.Encode(text, allowSpecial: false));
            Assert.Equal(files.Decode(files.Encode(text)), gguf.Decode(gguf.Encode(text)));
        });
        Assert.Equal((512, "<|im_end|>"), (gguf.VocabSize, gguf.EosToken));
    }

    [Fact]
    public void TokenTypes_TellControlFromAddedFromUnused()
    {
        var tokenizer = Tokenizer.Load(Written(file =>
        {
            file.Set("tokenizer.ggml.token_type", [.. Enumerable.Repeat(1, 258), 5, 4, 3, 3]);
            file.Set("tokenizer.ggml.merges", ["h e", "l l"]);
            file.Set("tokenizer.ggml.tokens", [.. GgufBytes.Tokens[..260], "<|fim_prefix|>", "<|im_end|>"]);
        }));

        // Added, not special: matched and printed. Control: matched only where it may be, never printed. Unused: no text.
        Assert.Equal([259], tokenizer.Encode("<think>", allowSpecial: false));
        Assert.Equal([260], tokenizer.Encode("<|fim_prefix|>", allowSpecial: false));
        Assert.Equal([261], tokenizer.Encode("<|im_end|>"));
        Assert.NotEqual([261], tokenizer.Encode("<|im_end|>", allowSpecial: false));
        Assert.Equal("<think><|fim_prefix|>", tokenizer.Decode([258, 259, 260, 261], skipSpecial: true));
    }

    [Fact]
    public void Template_RendersAsTheFileHasIt_AndNamedOnesStandBesideIt()
    {
        var files = Written(file => file.Set("tokenizer.chat_template.tool_use", "tools: {{ tools | length }}"));
        var template = ChatTemplate.Load(files);
        var messages = new JsonObject { ["role"] = "user", ["content"] = "hi" };

        Assert.Equal("<|im_start|>user\nhi<|im_end|>\n", template.Render(new ChatTemplateInput { Messages = [messages.DeepClone()] }));
        Assert.Equal(
            "tools: 1", template.Render(new ChatTemplateInput { Messages = [messages.DeepClone()], Tools = [new JsonObject()] }));
    }

    [Fact]
    public void NoTemplate_IsAModelWithoutOne()
    {
        var files = Written(file => file.Remove("tokenizer.chat_template"));
        var error = Assert.Throws<ModelFormatException>(() => ChatTemplate.Load(files));
        Assert.Equal("chat_template", error.Where);
    }

    [Fact]
    public void EndTokens_AreTheFilesAndQwensOwn()
    {
        var files = ModelFiles.Of(GgufModels.PathOf("q4_k_m.gguf"));
        var ends = EndTokens.Find(
            ModelConfig.Load(files), GenerationDefaults.Load(files), Tokenizer.Load(files), ChatTemplate.Load(files));

        Assert.Equal([511, 509], ends.Tokens.Select(token => token.Id));
    }

    [Fact]
    public void Sampling_IsTheFilesWhereItHasOne()
    {
        var without = GenerationDefaults.Load(Written(_ => { }));
        var with = GenerationDefaults.Load(Written(file =>
        {
            file.Set("general.sampling.temp", 0.6f);
            file.Set("general.sampling.top_k", 20u);
            file.Set("general.sampling.top_p", 0.95f);
        }));

        Assert.False(without.DoSample);
        Assert.True(with.DoSample);
        Assert.Equal((0.6f, 20, 0.95f), (with.Sampling.Temperature, with.Sampling.TopK, with.Sampling.TopP));
    }

    [Fact]
    public void Scaling_IsReadAsHuggingFaceWritesIt()
    {
        var config = ModelConfig.Load(Written(file =>
        {
            file.Set("qwen3moe.rope.scaling.type", "yarn");
            file.Set("qwen3moe.rope.scaling.factor", 4f);
            file.Set("qwen3moe.rope.scaling.original_context_length", 32u);
            file.Set("qwen3moe.rope.scaling.yarn_beta_fast", 16f);
        }));

        Assert.Equal(
            new RopeScaling { Type = RopeScalingType.Yarn, Factor = 4, OriginalMaxPositionEmbeddings = 32, BetaFast = 16 },
            config.RopeScaling);
    }

    [Fact]
    public void WidthOfNumbers_DoesNotMatter_AndHeadsMayBeAnArray()
    {
        var config = ModelConfig.Load(Written(file =>
        {
            file.Set("qwen3moe.block_count", GgufKind.UInt64, BitConverter.GetBytes(1UL));
            file.Set("qwen3moe.expert_count", GgufKind.Int8, [2]);
            file.Set("qwen3moe.attention.head_count", [2]);
            file.Remove("qwen3moe.attention.key_length");
        }));

        Assert.Equal((1, 2, 2, 16), (config.NumHiddenLayers, config.NumExperts, config.NumAttentionHeads, config.HeadDim));
    }

    [Fact]
    public void LayerWithoutRouter_IsDense()
    {
        var config = ModelConfig.Load(Written(file =>
        {
            file.Set("qwen3moe.block_count", 2u);
            file.Set("qwen3moe.feed_forward_length", 64u);
            file.Add("blk.1.ffn_up.weight", 0, 32, 64);
        }));

        Assert.Equal([1], config.MlpOnlyLayers);
        Assert.Equal(64, config.IntermediateSize);
    }

    [Fact]
    public void UnknownKeys_AreNamed() =>
        Assert.Equal(["qwen3moe.pooling_type"], ModelConfig.Load(Written(file => file.Set("qwen3moe.pooling_type", 1u))).UnknownKeys);

    [Fact]
    public void Facts_AreTheSameForCopies_AndTellOtherFilesApart()
    {
        var one = ModelFacts.Read(Written(_ => { }));
        Assert.Equal(one, ModelFacts.Read(Written(file => file.Set("general.name", "another"))));
        Assert.Equal(
            ["config.json"],
            one.DifferencesTo(ModelFacts.Read(Written(file => file.Set("qwen3moe.rope.freq_base", 1e5f)))).Select(fact => fact.Name));
    }

    [Fact]
    public void Names_AreThoseOfTheFilesWithoutEndingAndPart()
    {
        Assert.Equal("split", ModelFiles.Of(GgufModels.PathOf("split-00002-of-00003.gguf")).Name);
        Assert.Equal("q4_k_m", ModelFiles.Of(GgufModels.PathOf("q4_k_m.gguf")).Name);
        Assert.Equal("tiny-f32", ModelFiles.Of(RepositoryFiles.TinyModel("f32")).Name);
    }

    private static ModelFolder Saved(GgufBytes file, string path)
    {
        File.WriteAllBytes(path, file.Build());
        return ModelFiles.Of(path);
    }

    private ModelFolder Written(Action<GgufBytes> change)
    {
        var file = GgufBytes.Model();
        change(file);
        return Saved(file, _folder.File("m.gguf"));
    }
}
