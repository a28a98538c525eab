using System.Text;
using System.Text.Json.Nodes;
using AkkaCp.Model.Configuration;
using Xunit;

namespace AkkaCp.Model.Tests.Configuration;

/// <summary>Files that transformers, in one of its versions, writes or reads: the same model comes of each.</summary>
public class TransformersConfigTests
{
    [Fact]
    public void MissingDimensions_AreThoseOfQwen3MoeConfig()
    {
        var config = Parse("""{"model_type": "qwen3_moe"}""");

        Assert.Equal((2048, 24, 32, 4, 64), (config.HiddenSize, config.NumHiddenLayers, config.NumAttentionHeads,
            config.NumKeyValueHeads, config.HeadDim));
        Assert.Equal((151_936, 32_768), (config.VocabSize, config.MaxPositionEmbeddings));
        Assert.Equal((128, 8, 768, 0), (config.NumExperts, config.NumExpertsPerTok, config.MoeIntermediateSize, config.IntermediateSize));
        Assert.Contains("vocab_size 151936", config.AssumedKeys);
        Assert.Contains("num_experts_per_tok 8", config.AssumedKeys);
    }

    [Fact]
    public void MissingDimensions_OfADenseModel_AreThoseOfQwen3Config()
    {
        var config = Parse("""{"model_type": "qwen3", "num_key_value_heads": null}""");
        Assert.Equal(16, Parse("""{"model_type": "qwen3", "num_attention_heads": 16, "num_key_value_heads": null}""").NumKeyValueHeads);

        Assert.Equal((4096, 32, 32, 32, 128), (config.HiddenSize, config.NumHiddenLayers, config.NumAttentionHeads,
            config.NumKeyValueHeads, config.HeadDim));
        Assert.Equal(22_016, config.IntermediateSize);
    }

    [Theory]
    [InlineData("num_local_experts", "8")]
    [InlineData("num_hidden_layers", "4.0")]
    [InlineData("rope_scaling", "{}")]
    [InlineData("rope_scaling", "null")]
    [InlineData("rope_parameters", "{}")]
    [InlineData("rope_parameters", "{\"rope_theta\": 1000000.0}")]
    [InlineData("rope_parameters", "{\"rope_theta\": 1000000, \"rope_type\": \"default\"}")]
    [InlineData("rope_parameters", "{\"rope_theta\": 1000000, \"type\": \"default\", \"partial_rotary_factor\": 1.0}")]
    [InlineData("rope_scaling", "{\"rope_type\": null, \"factor\": 1.0}")]
    [InlineData("rope_scaling", "{\"rope_type\": \"default\"}")]
    [InlineData("mlp_only_layers", "null")]
    [InlineData("decoder_sparse_step", "null")]
    [InlineData("tie_word_embeddings", "null")]
    [InlineData("attention_bias", "null")]
    [InlineData("hidden_act", "null")]
    [InlineData("hidden_act", "\"swish\"")]
    [InlineData("use_sliding_window", "null")]
    [InlineData("quantization_config", "null")]
    [InlineData("quantization_config", "{}")]
    [InlineData("compression_config", "{}")]
    [InlineData("dual_chunk_attention_config", "null")]
    [InlineData("layer_types", "[\"full_attention\", \"full_attention\", \"full_attention\", \"full_attention\"]")]
    [InlineData("partial_rotary_factor", "1.0")]
    [InlineData("use_qk_norm", "true")]
    [InlineData("scoring_func", "\"softmax\"")]
    [InlineData("topk_method", "\"greedy\"")]
    [InlineData("n_group", "1")]
    [InlineData("topk_group", "1.0")]
    [InlineData("routed_scaling_factor", "1.0")]
    [InlineData("n_shared_experts", "0")]
    [InlineData("shared_expert_intermediate_size", "0")]
    [InlineData("attn_output_gate", "false")]
    [InlineData("first_k_dense_replace", "0")]
    [InlineData("moe_layer_freq", "[1, 1, 1, 1]")]
    [InlineData("final_logit_softcapping", "null")]
    [InlineData("mlp_bias", "false")]
    [InlineData("moe_router_scoring_function", "\"Softmax\"")]
    [InlineData("num_shared_experts_per_layer", "0")]
    [InlineData("query_key_norm", "true")]
    [InlineData("some_multiplier", "1.0")]
    [InlineData("attention_gate_func", "null")]
    [InlineData("text_config", "null")]
    [InlineData("eos_token_id", "null")]
    [InlineData("eos_token_id", "[511, 509]")]
    [InlineData("eos_token_id", "-1")]
    [InlineData("pad_token_id", "-1")]
    [InlineData("bos_token_id", "\"none\"")]
    [InlineData("some_key_of_tomorrow", "{\"a\": 1}")]
    public void OtherSpelling_GivesTheSameModel(string key, string value)
    {
        var expected = Comparable(ModelConfigTests.Parse(_ => { }));
        Assert.Equal(expected, Comparable(ModelConfigTests.Parse(json => json[key] = JsonNode.Parse(value))));
    }

    [Fact]
    public void NewNamesAlone_GiveTheSameModel()
    {
        var expected = Comparable(ModelConfigTests.Parse(_ => { }));
        Assert.Equal(expected, Comparable(ModelConfigTests.Parse(json =>
        {
            Rename(json, "num_experts", "num_local_experts");
            Rename(json, "torch_dtype", "dtype");
            json["rope_parameters"] = new JsonObject { ["rope_theta"] = json["rope_theta"]!.DeepClone() };
            json.Remove("rope_theta");
            json.Remove("rope_scaling");
        })));
    }

    [Fact]
    public void WindowOfNull_IsNoWindow() => ModelConfigTests.Parse(json =>
    {
        json["use_sliding_window"] = true;
        json["sliding_window"] = null;
    });

    [Theory]
    [InlineData("{\"type\": \"yarn\", \"factor\": 4.0, \"original_max_position_embeddings\": 1024}", 4.0)]
    [InlineData("{\"rope_type\": \"yarn\", \"type\": \"linear\", \"factor\": 4, \"original_max_position_embeddings\": 1024}", 4.0)]
    [InlineData("{\"rope_type\": \"yarn\", \"attention_factor\": null, \"original_max_position_embeddings\": 1024}", 4.0)]
    public void Yarn_IsReadUnderBothNames(string scaling, double factor)
    {
        foreach (var (key, empty) in new[] { ("rope_scaling", "rope_parameters"), ("rope_parameters", "rope_scaling") })
        {
            var config = ModelConfigTests.Parse(json =>
            {
                json[key] = JsonNode.Parse(scaling);
                json[empty] = new JsonObject();
            });
            Assert.Equal((RopeScalingType.Yarn, factor, 1024, 1e6),
                (config.RopeScaling!.Type, config.RopeScaling.Factor, config.RopeScaling.OriginalMaxPositionEmbeddings, config.RopeTheta));
        }
    }

    [Fact]
    public void TrainedContextBesideTheScaling_ComesBeforeThatInside()
    {
        var config = ModelConfigTests.Parse(json =>
        {
            json["original_max_position_embeddings"] = 2048;
            json["rope_scaling"] = JsonNode.Parse("""{"rope_type": "yarn", "original_max_position_embeddings": 1024}""");
        });

        Assert.Equal((2048, 2.0), (config.RopeScaling!.OriginalMaxPositionEmbeddings, config.RopeScaling.Factor));
    }

    [Fact]
    public void UnknownKeys_AreNamed_AndKnownOnesAreNot()
    {
        Assert.Empty(ModelConfigTests.Parse(_ => { }).UnknownKeys);
        var config = ModelConfigTests.Parse(json =>
        {
            json["some_key_of_tomorrow"] = 1;
            json["another"] = null;
            json["auto_map"] = new JsonObject();
            json["rope_scaling"] = JsonNode.Parse("""{"rope_type": "default", "factor": 4.0, "rope_theta": 5}""");
        });
        Assert.Equal(["some_key_of_tomorrow", "auto_map", "rope_scaling.factor"], config.UnknownKeys);
    }

    [Fact]
    public void EndTokens_AreOneOrSeveral()
    {
        Assert.Equal([511], ModelConfigTests.Parse(json => json["eos_token_id"] = 511).EosTokenIds);
        Assert.Equal([511, 7], ModelConfigTests.Parse(json => json["eos_token_id"] = new JsonArray(511, -1, 7.0)).EosTokenIds);
        var error = Assert.Throws<ModelConfigException>(() => ModelConfigTests.Parse(json => json["eos_token_id"] = "</s>"));
        Assert.Contains("eos_token_id: expected a token id", error.Message, StringComparison.Ordinal);
    }

    private static ModelConfig Parse(string json) => ModelConfig.Parse(Encoding.UTF8.GetBytes(json), "test.json");

    private static string Comparable(ModelConfig config) => System.Text.Json.JsonSerializer.Serialize(
        config with { UnknownKeys = [], AssumedKeys = [], EosTokenIds = [] });

    private static void Rename(JsonObject json, string from, string to)
    {
        json[to] = json[from]!.DeepClone();
        json.Remove(from);
    }
}
