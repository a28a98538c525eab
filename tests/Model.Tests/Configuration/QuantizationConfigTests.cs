using System.Text.Json.Nodes;
using AkkaCp.Model.Configuration;
using Xunit;

namespace AkkaCp.Model.Tests.Configuration;

public class QuantizationConfigTests
{
    [Theory]
    [InlineData("{\"quant_method\": \"fp8\", \"fmt\": \"e4m3\", \"activation_scheme\": \"dynamic\", \"weight_block_size\": [128, 128]}", "fp8")]
    [InlineData("{\"quant_method\": \"fp8\", \"activation_scheme\": \"static\"}", "fp8")]
    [InlineData("{\"quant_method\": \"awq\", \"bits\": 4, \"group_size\": 128, \"zero_point\": true, \"version\": \"gemm\"}", "awq")]
    [InlineData("{\"quant_method\": \"gptq\", \"bits\": 4, \"group_size\": -1, \"desc_act\": true, \"sym\": true}", "gptq")]
    [InlineData("{\"quant_method\": \"gptq\", \"bits\": 8, \"group_size\": 32, \"checkpoint_format\": \"gptq_v2\", \"meta\": {}}", "gptq")]
    [InlineData("{\"quant_method\": \"compressed-tensors\", \"format\": \"pack-quantized\", \"sparsity_config\": {}}", "compressed-tensors")]
    [InlineData("{\"quant_method\": \"compressed-tensors\", \"format\": \"float-quantized\", \"config_groups\": {\"group_0\": {\"weights\": "
        + "{\"num_bits\": 8, \"type\": \"float\", \"strategy\": \"block\", \"block_structure\": [128, 128]}}}}", "compressed-tensors")]
    public void KnownRules_AreRead(string json, string method) =>
        Assert.Equal(method, Parse(json).Quantization!.Method);

    [Theory]
    [InlineData("{\"quant_method\": \"bitsandbytes\"}", "quant_method: expected fp8, awq, gptq or compressed-tensors, found bitsandbytes")]
    [InlineData("{\"quant_method\": \"exl2\"}", "quant_method: expected fp8, awq, gptq or compressed-tensors, found exl2")]
    [InlineData("{\"bits\": 4}", "quant_method: expected fp8, awq, gptq or compressed-tensors, found none")]
    [InlineData("{\"quant_method\": \"fp8\", \"fmt\": \"e5m2\", \"activation_scheme\": \"dynamic\"}", "fmt: expected e4m3, found e5m2")]
    [InlineData("{\"quant_method\": \"fp8\", \"activation_scheme\": \"dynamic\", \"weight_block_size\": [0, 128]}",
        "weight_block_size: expected two positive numbers such as [128, 128], found [0,128]")]
    [InlineData("{\"quant_method\": \"awq\", \"bits\": 4, \"version\": \"gemv\"}", "version: expected gemm, found gemv")]
    [InlineData("{\"quant_method\": \"awq\", \"bits\": 8}", "bits: expected 4, found 8")]
    [InlineData("{\"quant_method\": \"awq\", \"bits\": 4, \"group_size\": 0}",
        "group_size: expected 1 to 1048576, or -1 for a whole row, found 0")]
    [InlineData("{\"quant_method\": \"awq\", \"bits\": 4, \"modules_to_not_convert\": [\"re:(\"]}",
        "modules_to_not_convert: expected names of modules, or re: and a regular expression, found re:(")]
    [InlineData("{\"quant_method\": \"gptq\", \"bits\": 3}", "bits: expected 4 or 8, found 3")]
    [InlineData("{\"quant_method\": \"gptq\", \"bits\": 4, \"checkpoint_format\": \"marlin\"}",
        "checkpoint_format: expected gptq or gptq_v2, found marlin")]
    [InlineData("{\"quant_method\": \"compressed-tensors\", \"format\": \"nvfp4-pack-quantized\"}",
        "format: expected pack-quantized, int-quantized, float-quantized, naive-quantized, found nvfp4-pack-quantized")]
    [InlineData("{\"quant_method\": \"compressed-tensors\", \"format\": \"pack-quantized\", \"sparsity_config\": {\"format\": \"sparse-24\"}}",
        "sparsity_config.format: expected dense, found sparse-24")]
    [InlineData("{\"quant_method\": \"compressed-tensors\", \"format\": \"pack-quantized\", \"config_groups\": {\"g\": {\"weights\": "
        + "{\"num_bits\": 2}}}}", "config_groups.g.weights.num_bits: expected 4 or 8, found 2")]
    public void OtherRules_AreRefusedByKeyAndWhatIsSupported(string json, string reason)
    {
        var error = Assert.Throws<ModelConfigException>(() => Parse(json));

        Assert.Equal($"quantization_config.{reason}", Assert.Single(error.Reasons));
    }

    [Theory]
    [InlineData("gate", "model.layers.0.mlp.gate", true)]
    [InlineData("gate", "model.layers.0.mlp.experts.1.gate_proj", false)]
    [InlineData("mlp.gate", "model.layers.0.mlp.gate", true)]
    [InlineData("model.layers.1.mlp.gate", "model.layers.1.mlp.gate", true)]
    [InlineData("model.layers.1", "model.layers.11.mlp.gate", false)]
    [InlineData("layers.1", "model.layers.1.mlp.gate", true)]
    [InlineData("re:.*mlp.gate$", "model.layers.0.mlp.gate", true)]
    [InlineData("re:.*mlp.gate$", "model.layers.0.mlp.gate_proj", false)]
    [InlineData("re:mlp", "model.layers.0.mlp.gate", false)]
    [InlineData("re:(?!x)y", "y", false)]
    [InlineData("lm_head", "lm_head", true)]
    [InlineData("", "lm_head", false)]
    public void Modules_AreMeantByPartsBetweenDots(string entry, string module, bool isMeant) =>
        Assert.Equal(isMeant, ModuleNames.Of([entry], out _)!.Contains(module));

    private static ModelConfig Parse(string json) =>
        ModelConfigTests.Parse(config => config["quantization_config"] = JsonNode.Parse(json));
}
