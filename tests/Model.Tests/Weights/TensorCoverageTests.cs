using AkkaCp.Model.Configuration;
using AkkaCp.Model.Safetensors;
using AkkaCp.Model.Tests.Safetensors;
using AkkaCp.Model.Weights;
using AkkaCp.Npu;
using AkkaCp.Text.Files;
using Xunit;

namespace AkkaCp.Model.Tests.Weights;

public sealed class TensorCoverageTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("model.layers.0.self_attn.q_proj.bias")]
    [InlineData("model.layers.1.self_attn.o_proj.bias")]
    [InlineData("model.layers.0.mlp.shared_expert.gate_proj.weight")]
    [InlineData("model.layers.0.mlp.shared_expert_gate.weight")]
    [InlineData("model.layers.1.mlp.gate.e_score_correction_bias")]
    [InlineData("model.layers.1.mlp.experts.8.up_proj.weight")]
    [InlineData("model.layers.0.self_attn.q_proj.weight_scale_inv")]
    [InlineData("model.layers.0.self_attn.q_proj.lora_A.weight")]
    [InlineData("model.layers.0.input_layernorm.bias")]
    [InlineData("model.norm.bias")]
    [InlineData("lm_head.bias")]
    [InlineData("model.embed_tokens.weight_scale")]
    public void TensorOfTheModelThatNothingReads_IsRefusedByName(string name)
    {
        var config = TestModel.Config();
        Write(config, name);

        var error = Assert.Throws<ModelFormatException>(() => WeightFiles.Check(_folder.Path, config));
        Assert.Equal((_folder.File("model.safetensors"), name, "this one"), (error.File, error.Where, error.Found));
        using var device = new PlainDevice();
        var store = new WeightStore();
        Assert.Throws<ModelFormatException>(() => ModelLoader.Load(_folder.Path, config, ShardSpec.Whole, device, DType.F32, store));
        Assert.Equal(0, store.Bytes);
    }

    [Theory]
    [InlineData("mtp.fc.weight")]
    [InlineData("model.layers.2.self_attn.q_proj.bias")]
    [InlineData("score.weight")]
    [InlineData("v_head.summary.bias")]
    [InlineData("model.layers.0.self_attn.rotary_emb.inv_freq")]
    [InlineData("model.layers.0.self_attn.k_scale")]
    [InlineData("model.layers.x.bias")]
    public void TensorBesideTheModel_IsPassedOverAndNamed(string name)
    {
        var config = TestModel.Config();
        Write(config, name);

        Assert.Equal([name], WeightFiles.Check(_folder.Path, config));
    }

    [Fact]
    public void HeadOfAModelThatSharesItsEmbedding_IsPassedOver()
    {
        var config = TestModel.Config(json => json["tie_word_embeddings"] = true);
        Write(config, "lm_head.weight");

        Assert.Equal(["lm_head.weight"], WeightFiles.Check(_folder.Path, config));
    }

    [Fact]
    public void BiasesThatTheConfigAsksFor_AreRead()
    {
        var config = TestModel.Config(json => json["attention_bias"] = true);
        Write(config);

        Assert.Empty(WeightFiles.Check(_folder.Path, config));
        var error = Assert.Throws<ModelFormatException>(() => WeightFiles.Check(_folder.Path, TestModel.Config()));
        Assert.Contains("and 7 more", error.Found, StringComparison.Ordinal);
    }

    [Fact]
    public void MissingTensor_IsRefusedWithItsShape()
    {
        Write(TestModel.Config(), "model.layers.2.mlp.gate.bias");

        var error = Assert.Throws<ModelFormatException>(
            () => WeightFiles.Check(_folder.Path, TestModel.Config(json => json["num_hidden_layers"] = 3)));
        Assert.Equal(("model.layers.2.input_layernorm.weight", "a tensor of shape [64]"), (error.Where, error.Expected));
    }

    private void Write(ModelConfig config, params string[] further)
    {
        var entries = TestModel.Tensors(config).Select(tensor => (tensor.Name, SafetensorsDType.F32, tensor.Shape))
            .Concat(further.Select(name => (name, SafetensorsDType.F32, (IReadOnlyList<long>)[2])))
            .ToList();
        using var writer = SafetensorsWriter.Create(_folder.File("model.safetensors"), entries);
        foreach (var (_, _, shape) in entries)
            writer.Write(new float[shape.Aggregate(1L, (a, b) => a * b)]);
        writer.Complete();
    }
}
