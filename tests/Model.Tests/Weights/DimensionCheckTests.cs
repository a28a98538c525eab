using System.Text.Json.Nodes;
using AkkaCp.Model.Configuration;
using AkkaCp.Model.Tests.Safetensors;
using AkkaCp.Model.Weights;
using AkkaCp.Npu;
using AkkaCp.Text.Files;
using Xunit;

namespace AkkaCp.Model.Tests.Weights;

/// <summary>A config whose dimensions the weights do not have is refused by its keys; a tensor that is wrong alone by its name.</summary>
public sealed class DimensionCheckTests : IDisposable
{
    private const long MostBytes = 200L << 20;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("vocab_size", 38, "expected 37, as lm_head.weight [37, 64] has it, found 38")]
    [InlineData("hidden_size", 1 << 20, "expected 64, as model.norm.weight [64] has it, found 1048576")]
    [InlineData("num_hidden_layers", 3, "expected at most 2, the layers of the weights, found 3")]
    [InlineData("head_dim", 16, "expected 32, as model.layers.0.self_attn.k_norm.weight [32] has it, found 16")]
    [InlineData("num_attention_heads", 8, "expected 4, as model.layers.0.self_attn.o_proj.weight [64, 128] has it, found 8")]
    [InlineData("num_key_value_heads", 1, "expected 2, as model.layers.0.self_attn.v_proj.weight [64, 64] has it, found 1")]
    [InlineData("num_experts", 9, "expected 8, as model.layers.0.mlp.gate.weight [8, 64] has it, found 9")]
    [InlineData("moe_intermediate_size", 1, "expected 48, as model.layers.0.mlp.experts.0.down_proj.weight [64, 48] has it, found 1")]
    public void OtherDimension_IsNamedByItsKey(string key, int value, string expected) =>
        AssertRefused($"{key}: {expected}", json => json[key] = value);

    [Theory]
    [InlineData("num_experts", 0)]
    [InlineData("decoder_sparse_step", 2)]
    [InlineData("decoder_sparse_step", 4096)]
    public void ExpertsInOtherLayers_AreNamed(string key, int value) => AssertRefused(
        "num_experts, decoder_sparse_step, mlp_only_layers: "
            + "expected layer 0 with experts, as the weights have it, found it without experts",
        json => json[key] = value);

    [Fact]
    public void DenseLayerOfAnotherWidth_IsNamedByItsKey()
    {
        var config = TestModel.Config(json => json["mlp_only_layers"] = new JsonArray(1));
        TestModel.Write(_folder.Path, config);

        Assert.Equal(
            ["intermediate_size: expected 192, as model.layers.1.mlp.down_proj.weight [64, 192] has it, found 7"],
            ReasonsOf(config with { IntermediateSize = 7 }));
        Assert.Contains(
            "expected layer 1 without experts", Assert.Single(ReasonsOf(config with { MlpOnlyLayers = [] })), StringComparison.Ordinal);
    }

    [Fact]
    public void AllDimensionsThatDiffer_AreToldAtOnce()
    {
        TestModel.Write(_folder.Path, TestModel.Config());

        Assert.Equal(
            ["vocab_size", "hidden_size", "num_hidden_layers", "head_dim", "num_experts"],
            ReasonsOf(TestModel.Config(json =>
            {
                foreach (var key in (string[])["vocab_size", "hidden_size", "num_hidden_layers", "head_dim", "num_experts"])
                    json[key] = 1024;
            })).Select(reason => reason.Split(':')[0]));
    }

    [Theory]
    [InlineData("model.layers.0.self_attn.q_proj.weight")]
    [InlineData("model.layers.0.self_attn.k_norm.weight")]
    [InlineData("model.embed_tokens.weight")]
    [InlineData("model.layers.0.mlp.experts.0.gate_proj.weight")]
    public void TensorThatIsWrongAlone_IsNamedItself(string tensor)
    {
        var config = TestModel.Config();
        TestModel.Write(_folder.Path, config, entry => entry.Name == tensor
            ? (entry.Name, entry.DType, [.. entry.Shape.Select((size, axis) => axis == 0 ? size + 1 : size)])
            : entry);

        Assert.Equal(tensor, Assert.Throws<ModelFormatException>(() => WeightFiles.Check(_folder.Path, config)).Where);
    }

    /// <summary>Names alone make 4096 layers and a router's rows 16384 experts: a list of all their tensors
    /// would be tens of gigabytes.</summary>
    [Fact]
    public void LayersAndExpertsThatHaveNoTensors_AreRefusedBeforeTheyArePlanned()
    {
        var config = TestModel.Config(json =>
        {
            json["num_hidden_layers"] = 4096;
            json["num_experts"] = 16384;
        });
        TestModel.Write(_folder.Path, TestModel.Config(), entry => entry.Name switch
        {
            "model.layers.1.input_layernorm.weight" => ("model.layers.4095.input_layernorm.weight", entry.DType, entry.Shape),
            "model.layers.0.mlp.gate.weight" => (entry.Name, entry.DType, [16384, 64]),
            _ => entry,
        });
        using var device = new PlainDevice();
        var store = new WeightStore();
        var before = GC.GetAllocatedBytesForCurrentThread();

        Assert.Throws<ModelFormatException>(() => WeightFiles.Check(_folder.Path, config));
        Assert.Throws<ModelFormatException>(() => ModelLoader.Load(_folder.Path, config, ShardSpec.Whole, device, DType.F32, store));
        Assert.True(WeightBytes.Estimate(config, ShardSpec.Whole, DType.F32) > 4096L * 16384 * 64);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MostBytes);
    }

    [Theory]
    [InlineData(1, DType.F32)]
    [InlineData(2, DType.BF16)]
    [InlineData(2, DType.I8)]
    public void EstimatedBytes_AreThoseOfAllPieces(int step, DType dtype)
    {
        var config = TestModel.Config(json =>
        {
            json["num_hidden_layers"] = 5;
            json["decoder_sparse_step"] = step;
            json["tie_word_embeddings"] = step == 2;
        });
        ShardSpec[] shards = [ShardSpec.Whole, new(2, 0, 2, 0, 1, 0), new(2, 1, 1, 0, 2, 1), new(2, 1, 1, 0, 2, 1)];

        foreach (var shard in shards)
        {
            Assert.Equal(
                ShardPieces.Create(config, shard, dtype).All.Sum(piece => piece.Bytes), WeightBytes.Estimate(config, shard, dtype));
        }

        Assert.Equal(
            shards.SelectMany(shard => ShardPieces.Create(config, shard, dtype).All).DistinctBy(piece => piece.Key)
                .Sum(piece => piece.Bytes),
            WeightBytes.EstimateShared(config, shards, dtype));
    }

    private void AssertRefused(string reason, Action<JsonObject> change)
    {
        TestModel.Write(_folder.Path, TestModel.Config());
        Assert.Equal([reason], ReasonsOf(TestModel.Config(change)));
    }

    private IReadOnlyList<string> ReasonsOf(ModelConfig config)
    {
        var error = Assert.Throws<ModelConfigException>(() => WeightFiles.Check(_folder.Path, config));
        Assert.Equal(_folder.File("config.json"), error.File);
        return error.Reasons;
    }
}
