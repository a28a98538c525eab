using System.Text;
using System.Text.Json.Nodes;
using AkkaCp.Model.Configuration;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Model.Tests.Configuration;

public class ModelConfigTests
{
    [Fact]
    public void TinyModel_IsReadFieldByField()
    {
        var config = ModelConfig.Load(RepositoryFiles.TinyModel("bf16"));

        Assert.Equal("qwen3_moe", config.ModelType);
        Assert.Equal((64, 4, 4, 2, 32), (config.HiddenSize, config.NumHiddenLayers, config.NumAttentionHeads,
            config.NumKeyValueHeads, config.HeadDim));
        Assert.Equal((8, 2, 48, 192), (config.NumExperts, config.NumExpertsPerTok, config.MoeIntermediateSize, config.IntermediateSize));
        Assert.Equal((512, 4096), (config.VocabSize, config.MaxPositionEmbeddings));
        Assert.Equal((1e-6f, 1e6), (config.RmsNormEps, config.RopeTheta));
        Assert.True(config.NormTopkProb);
        Assert.False(config.AttentionBias || config.TieWordEmbeddings);
        Assert.Null(config.RopeScaling);
        Assert.Equal("bfloat16", config.TorchDtype);
    }

    [Fact]
    public void KeysThatHfDefaults_MayBeMissing()
    {
        var config = Parse(json =>
        {
            foreach (var key in (string[])["head_dim", "rope_theta", "rms_norm_eps", "norm_topk_prob", "attention_bias",
                "tie_word_embeddings", "decoder_sparse_step", "mlp_only_layers", "rope_scaling", "intermediate_size", "hidden_act"])
            {
                json.Remove(key);
            }
        });

        Assert.Equal(16, config.HeadDim);
        Assert.Equal((10_000.0, 1e-6f, false), (config.RopeTheta, config.RmsNormEps, config.NormTopkProb));
        Assert.All(Enumerable.Range(0, 4), layer => Assert.True(config.IsMoeLayer(layer)));
    }

    [Theory]
    [InlineData(1, new int[0], new[] { true, true, true, true })]
    [InlineData(2, new int[0], new[] { false, true, false, true })]
    [InlineData(1, new[] { 0, 3 }, new[] { false, true, true, false })]
    [InlineData(2, new[] { 1 }, new[] { false, false, false, true })]
    public void SparseLayers_FollowStepAndDenseList(int step, int[] dense, bool[] expected)
    {
        var config = Parse(json =>
        {
            json["decoder_sparse_step"] = step;
            json["mlp_only_layers"] = new JsonArray([.. dense.Select(layer => JsonValue.Create(layer))]);
        });

        Assert.Equal(expected, Enumerable.Range(0, 4).Select(config.IsMoeLayer));
    }

    [Fact]
    public void DenseModel_NeedsNoExpertKeys()
    {
        var config = Parse(json =>
        {
            json["model_type"] = "qwen3";
            json.Remove("num_experts");
            json.Remove("num_experts_per_tok");
            json.Remove("moe_intermediate_size");
        });

        Assert.False(config.IsMoeLayer(0));
        Assert.Equal(192, config.IntermediateSize);
    }

    [Theory]
    [InlineData("hidden_size", "0", "1 to")]
    [InlineData("hidden_size", "-64", "1 to")]
    [InlineData("hidden_size", "1e30", "a whole number")]
    [InlineData("hidden_size", "2147483647", "1 to")]
    [InlineData("hidden_size", "64.5", "a whole number")]
    [InlineData("hidden_size", "\"64\"", "a whole number")]
    [InlineData("vocab_size", "99999999999999999999", "a whole number")]
    [InlineData("num_hidden_layers", "1000000", "1 to")]
    [InlineData("num_key_value_heads", "3", "a multiple of num_key_value_heads (3)")]
    [InlineData("num_experts_per_tok", "9", "at most num_experts (8)")]
    [InlineData("num_experts_per_tok", "0", "1 to")]
    [InlineData("num_experts", "-1", "0 to")]
    [InlineData("head_dim", "31", "an even number")]
    [InlineData("decoder_sparse_step", "0", "1 to")]
    [InlineData("mlp_only_layers", "[4]", "layer numbers from 0 to 3")]
    [InlineData("mlp_only_layers", "1", "layer numbers")]
    [InlineData("model_type", "\"llama\"", "qwen3_moe or qwen3")]
    [InlineData("model_type", "7", "a string")]
    [InlineData("hidden_act", "\"gelu\"", "silu")]
    [InlineData("norm_topk_prob", "1", "true or false")]
    [InlineData("rms_norm_eps", "-1", "a number from 0")]
    [InlineData("rope_theta", "0", "a number from")]
    [InlineData("rope_scaling", "{\"type\": \"dynamic\", \"factor\": 2}", "default, linear or yarn")]
    [InlineData("rope_scaling", "{\"factor\": 2}", "the key is missing")]
    [InlineData("rope_scaling", "{\"type\": \"linear\"}", "a number of at least 1")]
    [InlineData("rope_scaling", "{\"type\": \"linear\", \"factor\": 0.5}", "a number from 1")]
    [InlineData("rope_scaling", "{\"type\": \"yarn\", \"factor\": 2, \"beta_fast\": 1, \"beta_slow\": 4}", "at least beta_slow")]
    [InlineData("rope_scaling", "[]", "an object")]
    public void BadValue_IsRefusedWithKeyAndExpectation(string key, string value, string expected)
    {
        var error = Assert.Throws<ModelConfigException>(() => Parse(json => json[key] = JsonNode.Parse(value)));

        Assert.Contains(error.Reasons, reason => reason.Contains(expected, StringComparison.Ordinal));
        Assert.Contains(key, error.Message, StringComparison.Ordinal);
        Assert.StartsWith("test.json: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void MissingModelType_IsNamed()
    {
        var error = Assert.Throws<ModelConfigException>(() => ModelConfig.Parse("{}"u8.ToArray(), "test.json"));

        Assert.Equal(["model_type: the key is missing"], error.Reasons);
    }

    [Fact]
    public void SeveralMistakes_AreReportedTogether()
    {
        var error = Assert.Throws<ModelConfigException>(() => Parse(json =>
        {
            json["hidden_size"] = 0;
            json["head_dim"] = 7;
            json["num_key_value_heads"] = 3;
            json["hidden_act"] = "relu";
            json["vocab_size"] = "many";
        }));

        Assert.Equal(5, error.Reasons.Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"hidden_size\": 64")]
    [InlineData("{\"hidden_size\": 64, \"hidden_size\": 65}")]
    [InlineData("{\"model_type\": \"\\ud800\"}")]
    public void BrokenJson_IsOneNamedError(string text) =>
        Assert.Throws<ModelConfigException>(() => ModelConfig.Parse(Encoding.UTF8.GetBytes(text), "test.json"));

    [Fact]
    public void MissingFile_IsANamedError()
    {
        var error = Assert.Throws<ModelConfigException>(() => ModelConfig.Load("/nonexistent-model"));

        Assert.Contains("/nonexistent-model/config.json", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RopeParameters_OfNewerFiles_AreRead()
    {
        var config = Parse(json =>
        {
            json.Remove("rope_theta");
            json["rope_parameters"] = JsonNode.Parse(
                """{"rope_type": "yarn", "rope_theta": 5000000, "original_max_position_embeddings": 1024}""");
        });

        Assert.Equal(5e6, config.RopeTheta);
        Assert.Equal(4.0, config.RopeScaling!.Factor);
    }

    internal static ModelConfig Parse(Action<JsonObject> change)
    {
        var json = JsonNode.Parse(File.ReadAllText(Path.Combine(RepositoryFiles.TinyModel("f32"), "config.json")))!.AsObject();
        change(json);
        return ModelConfig.Parse(Encoding.UTF8.GetBytes(json.ToJsonString()), "test.json");
    }
}
