using System.Text.Json.Nodes;
using AkkaCp.Model.Configuration;
using AkkaCp.Model.Safetensors;
using AkkaCp.Model.Tests.Weights;
using AkkaCp.Model.Weights;
using AkkaCp.Text.Files;
using Xunit;

namespace AkkaCp.Model.Tests.Quantized;

/// <summary>Programs that write GPTQ give each layer a bias, of zeros where the model has none.</summary>
public class ExtraBiasTests
{
    private const string Layer = "model.layers.0.self_attn.q_proj";

    [Theory]
    [InlineData(0f)]
    [InlineData(0.5f)]
    public void BiasOfAQuantisedLayer_IsPassedOverWhereItIsZero(float value)
    {
        var config = TestModel.Config(json => json["quantization_config"] = JsonNode.Parse("""{"quant_method": "gptq", "bits": 4}"""));
        using var folder = new QuantizedFolder();
        Write(folder, config, value);

        if (value == 0)
        {
            Assert.Equal([Layer + ".bias"], WeightFiles.Check(folder.Path, config));
            return;
        }

        var error = Assert.Throws<ModelFormatException>(() => WeightFiles.Check(folder.Path, config));
        Assert.Equal((Layer + ".bias", "this one"), (error.Where, error.Found));
    }

    [Fact]
    public void BiasOfAPlainLayer_IsRefusedThoughItIsZero()
    {
        var config = TestModel.Config(json => json["quantization_config"] = JsonNode.Parse("""{"quant_method": "gptq", "bits": 4}"""));
        using var folder = new QuantizedFolder();
        folder.Add("model.layers.0.self_attn.o_proj.bias", SafetensorsDType.F32, [64], new float[64]);
        Write(folder, config, 0);

        var error = Assert.Throws<ModelFormatException>(() => WeightFiles.Check(folder.Path, config));
        Assert.Equal("model.layers.0.self_attn.o_proj.bias", error.Where);
    }

    /// <summary>All matrices are plain but one.</summary>
    private static void Write(QuantizedFolder folder, ModelConfig config, float bias)
    {
        foreach (var (name, shape) in TestModel.Tensors(config))
            folder.Add(name, SafetensorsDType.F32, [.. shape], new float[shape.Aggregate(1L, (a, b) => a * b)]);
        var (outputs, inputs) = (config.NumAttentionHeads * config.HeadDim, config.HiddenSize);
        folder.Remove(Layer + ".weight")
            .Add(Layer + ".qweight", SafetensorsDType.I32, [inputs / 8, outputs], new int[inputs / 8 * outputs])
            .Add(Layer + ".qzeros", SafetensorsDType.I32, [1, outputs / 8], new int[outputs / 8])
            .Add(Layer + ".scales", SafetensorsDType.F16, [1, outputs], new Half[outputs])
            .Add(Layer + ".bias", SafetensorsDType.F16, [outputs], [.. Enumerable.Repeat((Half)bias, outputs)]);
        folder.Config = new JsonObject { ["quant_method"] = "gptq", ["bits"] = 4 };
        folder.Write();
    }
}
