using AkkaCp.Model.Configuration;
using AkkaCp.Model.Gguf;
using AkkaCp.Model.Gguf.Writing;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Model.Tests.Gguf;

/// <summary>Which type each tensor of a file has.</summary>
public class GgufMixTests
{
    // Qwen3-30B-A3B's, as it is published.
    private static readonly ModelConfig s_large = Config(48, 128);

    [Theory]
    [InlineData("q4_k_m.gguf")]
    [InlineData("dense-q4_k_m.gguf")]
    public void Types_AreThoseOfAFileThatLlamaQuantizeWrote(string file)
    {
        using var set = GgufSet.Open(GgufModels.PathOf(file));
        var config = ModelConfig.Load(ModelFiles.Of(set.Path));

        var written = WrittenTensor.All(config, Mix("Q4_K_M")).ToDictionary(tensor => tensor.Name, tensor => tensor.Type.Type.Stored.Name);

        Assert.Equal(set.Tensors.ToDictionary(one => one.Tensor.Name, one => one.Tensor.Type.Stored.Name), written);
        Assert.All(set.Tensors, one => Assert.Equal(
            one.Tensor.Dims, WrittenTensor.All(config, Mix("Q4_K_M")).Single(tensor => tensor.Name == one.Tensor.Name).Dims));
    }

    [Theory]
    [InlineData("attn_v", 2048)]
    [InlineData("ffn_down_exps", 768)]
    public void RaisedLayers_AreTheFirstAndLastEighthAndEveryThird(string part, int inputs)
    {
        var raised = Enumerable.Range(0, 48).Where(layer => TypeOf(s_large, "Q4_K_M", $"blk.{layer}.{part}.weight", inputs) == "Q6_K");

        Assert.Equal([0, 1, 2, 3, 4, 5, 8, 11, 14, 17, 20, 23, 26, 29, 32, 35, 38, 41, 42, 43, 44, 45, 46, 47], raised);
    }

    [Theory]
    [InlineData("Q4_K_M", "output.weight", 2048, "Q6_K")]
    [InlineData("Q4_K_M", "token_embd.weight", 2048, "Q4_K")]
    [InlineData("Q4_K_M", "blk.7.attn_k.weight", 2048, "Q4_K")]
    [InlineData("Q4_K_M", "blk.7.ffn_gate_inp.weight", 2048, "F32")]
    [InlineData("Q5_K_M", "blk.8.ffn_down_exps.weight", 768, "Q6_K")]
    [InlineData("Q5_K_M", "blk.7.ffn_down_exps.weight", 768, "Q5_K")]
    [InlineData("Q6_K", "blk.7.attn_v.weight", 2048, "Q6_K")]
    [InlineData("Q8_0", "output.weight", 2048, "Q8_0")]
    [InlineData("Q8_0", "blk.0.ffn_gate_inp.weight", 2048, "F32")]
    [InlineData("Q4_0", "output.weight", 2048, "Q6_K")]
    [InlineData("Q4_0", "blk.0.attn_v.weight", 2048, "Q4_0")]
    [InlineData("F16", "output.weight", 2048, "F16")]
    [InlineData("BF16", "blk.0.ffn_gate_inp.weight", 2048, "F32")]
    public void Type_IsTheKindsOwn(string kind, string tensor, int inputs, string expected) =>
        Assert.Equal(expected, TypeOf(s_large, kind, tensor, inputs));

    [Theory]
    [InlineData("Q4_K_M", "blk.7.attn_q.weight", 384, "Q5_0")]
    [InlineData("Q4_K_M", "blk.0.attn_v.weight", 384, "Q8_0")]
    [InlineData("Q5_K_M", "blk.7.attn_q.weight", 384, "Q5_1")]
    [InlineData("Q6_K", "blk.7.attn_q.weight", 384, "Q8_0")]
    [InlineData("Q4_0", "output.weight", 384, "Q8_0")]
    [InlineData("Q4_K_M", "output.weight", 384, "Q8_0")]
    [InlineData("Q4_K_M", "blk.7.attn_q.weight", 48, "F16")]
    [InlineData("Q8_0", "blk.7.attn_q.weight", 48, "F16")]
    public void InputsThatBlocksDoNotDivide_GetASimilarType(string kind, string tensor, int inputs, string expected) =>
        Assert.Equal(expected, TypeOf(s_large, kind, tensor, inputs));

    [Theory]
    [InlineData("Q4_K_M", "attn_k", "Q8_0")]
    [InlineData("Q4_K_M", "attn_v", "Q8_0")]
    [InlineData("Q4_0", "attn_v", "Q8_0")]
    [InlineData("Q4_K_M", "attn_output", "Q5_K")]
    [InlineData("Q5_K_M", "attn_output", "Q5_K")]
    [InlineData("Q6_K", "attn_output", "Q6_K")]
    [InlineData("Q4_K_M", "attn_q", "Q4_K")]
    public void EightExperts_HaveABetterAttention(string kind, string part, string expected) =>
        Assert.Equal(expected, TypeOf(Config(48, 8), kind, $"blk.7.{part}.weight", 2048));

    [Fact]
    public void SharedEmbedding_IsOfTheHeadsType() =>
        Assert.Equal("Q6_K", TypeOf(s_large with { TieWordEmbeddings = true }, "Q4_K_M", "token_embd.weight", 2048));

    private static string TypeOf(ModelConfig config, string kind, string tensor, int inputs) =>
        Mix(kind).TypeOf(tensor, [64, inputs], config).Type.Stored.Name;

    private static GgufMix Mix(string kind) => GgufMix.All.Single(mix => mix.Name == kind);

    private static ModelConfig Config(int layers, int experts) => new()
    {
        ModelType = "qwen3_moe",
        HiddenSize = 2048,
        NumHiddenLayers = layers,
        NumAttentionHeads = 32,
        NumKeyValueHeads = 4,
        HeadDim = 128,
        VocabSize = 64,
        MaxPositionEmbeddings = 64,
        NumExperts = experts,
        NumExpertsPerTok = 2,
        MoeIntermediateSize = 768,
    };
}
