using System.Text.Json.Nodes;
using AkkaCp.Model.Configuration;
using AkkaCp.Model.Safetensors;
using AkkaCp.Model.Tests.Weights;
using AkkaCp.Model.Weights;
using AkkaCp.Text.Files;
using Xunit;

namespace AkkaCp.Model.Tests.Quantized;

/// <summary>Quantised tensors that cannot be read, or that config.json says otherwise of: one error that names what is wrong.</summary>
public class BadQuantizedTests
{
    private const int Outputs = QuantizedLayers.Outputs;
    private const int Inputs = QuantizedLayers.Inputs;

    private static readonly Dictionary<string, (string Form, Action<QuantizedFolder> Damage, string Where, string Found)> s_tensors = new()
    {
        ["scales of other blocks"] = ("fp8 block", folder => folder.Add("x.weight_scale_inv", SafetensorsDType.BF16, [3, 2], new ushort[6]),
            "x.weight_scale_inv", "shape [3, 2]"),
        ["scales of a number of outputs"] = ("fp8 channel",
            folder => folder.Add("x.weight_scale", SafetensorsDType.BF16, [Outputs - 1, 1], new ushort[Outputs - 1]),
            "x.weight_scale", "shape [23, 1]"),
        ["scales that are no floats"] = ("fp8 channel",
            folder => folder.Add("x.weight_scale", SafetensorsDType.I8, [Outputs, 1], new byte[Outputs]), "x.weight_scale", "I8"),
        ["other floats"] = ("fp8 block",
            folder => folder.Add("x.weight", SafetensorsDType.F8_E5M2, [Outputs, Inputs], new byte[Outputs * Inputs]),
            "x.weight", "F8_E5M2"),
        ["weights that are gone"] = ("fp8 block", folder => folder.Remove("x.weight"), "x.weight", "none"),
        ["zero points that are gone"] = ("awq", folder => folder.Remove("x.qzeros"), "x.qzeros", "none"),
        ["scales that are gone"] = ("gptq", folder => folder.Remove("x.scales"), "x.scales", "none"),
        ["words of another number of outputs"] = ("awq",
            folder => folder.Add("x.qweight", SafetensorsDType.I32, [Inputs, 4], new int[Inputs * 4]), "x.qweight", "shape [64, 4]"),
        ["words of another type"] = ("gptq",
            folder => folder.Add("x.qweight", SafetensorsDType.F32, [Inputs / 8, Outputs], new float[Inputs / 8 * Outputs]),
            "x.qweight", "F32"),
        ["zero points of other groups"] = ("gptq", folder => folder.Add("x.qzeros", SafetensorsDType.I32, [3, 3], new int[9]),
            "x.qzeros", "shape [3, 3]"),
        ["bits that are neither 4 nor 8"] = ("gptq", folder => folder.Add("x.qzeros", SafetensorsDType.I32, [4, 2], new int[8]),
            "x.qzeros", "shape [4, 2]"),
        ["groups that do not divide"] = ("gptq", folder =>
            folder.Add("x.qzeros", SafetensorsDType.I32, [3, 3], new int[9])
                .Add("x.scales", SafetensorsDType.F16, [3, Outputs], new Half[3 * Outputs]), "x.scales", "3"),
        ["no groups"] = ("gptq", folder => folder.Add("x.scales", SafetensorsDType.F16, [0, Outputs], Array.Empty<Half>()),
            "x.scales", "[0, 24]"),
        ["index of another length"] = ("gptq, act-order",
            folder => folder.Add("x.g_idx", SafetensorsDType.I32, [Inputs - 1], new int[Inputs - 1]), "x.g_idx", "shape [63]"),
        ["shape that is not the packed one"] = ("ct 4 bits",
            folder => folder.Add("x.weight_shape", SafetensorsDType.I64, [2], [(long)Outputs, Inputs - 1]),
            "x.weight_packed", "shape [24, 8]"),
        ["shape beyond all numbers"] = ("ct 4 bits",
            folder => folder.Add("x.weight_shape", SafetensorsDType.I64, [2], [(long)Outputs, (1L << 61) + 8]),
            "x.weight_packed", "shape [24, 8]"),
        ["zero points along the wrong side"] = ("ct 4 bits, zeros",
            folder => folder.Add("x.weight_zero_point", SafetensorsDType.I32, [Outputs, 1], new int[Outputs]),
            "x.weight_zero_point", "shape [24, 1]"),
        ["matrix that is there plain, too"] = ("awq",
            folder => folder.Add("x.weight", SafetensorsDType.F32, [Outputs, Inputs], new float[Outputs * Inputs]), "x.weight", "it twice"),
    };

    private static readonly Dictionary<string, (string Form, Action<QuantizedFolder> Damage, string Where, string Found)> s_values = new()
    {
        ["NaN among codes"] = ("fp8 block", folder => folder.Add("x.weight", SafetensorsDType.F8_E4M3, [Outputs, Inputs],
            [.. Enumerable.Range(0, Outputs * Inputs).Select(i => (byte)(i == 5 * Inputs ? 0xFF : 0))]), "x.weight", "NaN in row 5"),
        ["NaN among scales"] = ("fp8 channel", folder => folder.Add("x.weight_scale", SafetensorsDType.F32, [Outputs, 1],
            [.. Enumerable.Range(0, Outputs).Select(i => i == 7 ? float.NaN : 1)]), "x.weight", "NaN in row 7"),
        ["infinite scale"] = ("gptq", folder => folder.Add("x.scales", SafetensorsDType.F16, [4, Outputs],
            [.. Enumerable.Range(0, 4 * Outputs).Select(i => i == Outputs + 2 ? Half.PositiveInfinity : Half.One)]),
            "x.weight", "Infinity in row 2"),
        ["product beyond all floats"] = ("int8 channel", folder => folder.Add("x.weight_scale", SafetensorsDType.F32, [Outputs, 1],
            [.. Enumerable.Repeat(float.MaxValue, Outputs)]), "x.weight", "in row 0"),
        ["negative group"] = ("gptq, act-order", folder => folder.Add("x.g_idx", SafetensorsDType.I32, [Inputs],
            [.. Enumerable.Range(0, Inputs).Select(k => k == 9 ? -1 : 0)]), "x.g_idx", "-1 for input 9"),
        ["group beyond the last"] = ("ct 4 bits, act-order", folder => folder.Add("x.weight_g_idx", SafetensorsDType.I32, [Inputs],
            [.. Enumerable.Range(0, Inputs).Select(k => k == 3 ? 4 : 0)]), "x.weight_g_idx", "4 for input 3"),
    };

    public static TheoryData<string> Tensors => [.. s_tensors.Keys];

    public static TheoryData<string> ValuesOfTensors => [.. s_values.Keys];

    [Theory]
    [MemberData(nameof(Tensors))]
    public void Tensor_IsRefusedByNameWhenTheDirectoryIsOpened(string damage)
    {
        var (form, change, where, found) = s_tensors[damage];
        using var folder = QuantizedLayers.All[form]().Folder;
        change(folder);

        var error = Assert.Throws<ModelFormatException>(() => WeightFiles.Open(folder.Write().Path));
        Assert.Equal((where, found), (error.Where, error.Found));
        Assert.Equal(folder.File("model.safetensors"), error.File);
    }

    [Theory]
    [MemberData(nameof(ValuesOfTensors))]
    public void Value_IsRefusedByTensorAndRowWhenItIsRead(string damage)
    {
        var (form, change, where, found) = s_values[damage];
        using var folder = QuantizedLayers.All[form]().Folder;
        change(folder);
        using var weights = WeightFiles.Open(folder.Write().Path);

        var error = Assert.Throws<ModelFormatException>(
            () => weights.ReadRows("x.weight", 0, Outputs, 0, Inputs, new float[Outputs * Inputs]));
        Assert.Equal(where, error.Where);
        Assert.EndsWith(found, error.Found, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("awq", "quant_method", "\"gptq\"", "expected awq, as x.qweight [64, 3] has it, found gptq")]
    [InlineData("gptq", "quant_method", "\"awq\"", "expected gptq, as x.qweight [8, 24] has it, found awq")]
    [InlineData("gptq, 8 bits", "bits", "4", "expected 8, as x.qweight [16, 24] has it, found 4")]
    [InlineData("awq", "group_size", "128", "expected 16, as x.qweight [64, 3] has it, found 128")]
    [InlineData("awq", "group_size", "-1", "expected 16, as x.qweight [64, 3] has it, found -1")]
    [InlineData("awq", "modules_to_not_convert", "[\"x\"]", "expected nothing of x, as x.qweight [64, 3] has it, found x")]
    [InlineData("ct 4 bits", "ignore", "[\"re:x$\"]", "expected nothing of x, as x.weight_packed [24, 8] has it, found x")]
    [InlineData("ct 8 bits", "config_groups", "{\"a\": {\"weights\": {\"num_bits\": 4, \"strategy\": \"channel\"}}}",
        "expected int weights of 8 bits in groups of 16, as x.weight_packed [24, 16] has it, found no such weights")]
    public void ConfigThatSaysOtherwise_IsRefusedByItsKey(string form, string key, string value, string reason)
    {
        using var folder = QuantizedLayers.All[form]().Folder;
        folder.Config[key] = JsonNode.Parse(value);
        if (key == "quant_method")
            (folder.Config["bits"], folder.Config["version"], folder.Config["checkpoint_format"]) = (4, "gemm", "gptq");

        var error = Assert.Throws<ModelConfigException>(() => WeightFiles.Open(folder.Write().Path));
        Assert.Equal(folder.File("config.json"), error.File);
        Assert.Equal($"quantization_config.{key}: {reason}", Assert.Single(error.Reasons));
    }

    [Fact]
    public void RulesWithoutAQuantisedTensor_AreRefused()
    {
        using var folder = new QuantizedFolder();
        var config = TestModel.Config(json => json["quantization_config"] = JsonNode.Parse("""{"quant_method": "awq", "bits": 4}"""));
        TestModel.Write(folder.Path, config);

        var error = Assert.Throws<ModelConfigException>(() => WeightFiles.Check(folder.Path, config));
        Assert.Equal(
            "quantization_config: expected nothing, as no tensor is quantised, found awq", Assert.Single(error.Reasons));
    }

    [Fact]
    public void ScaleThatNothingReads_IsLeftToBeRefused()
    {
        using var folder = QuantizedLayers.All["fp8 channel"]().Folder;
        folder.Add("x.weight_zero_point", SafetensorsDType.I8, [Outputs, 1], new byte[Outputs]);
        using var weights = WeightFiles.Open(folder.Write().Path);

        Assert.NotNull(weights.Find("x.weight_zero_point"));
    }

    [Fact]
    public void PackedTensorsWithoutRules_AreRefused()
    {
        using var folder = QuantizedLayers.All["gptq"]().Folder;
        folder.Config = [];

        var error = Assert.Throws<ModelFormatException>(() => WeightFiles.Open(folder.Write().Path));
        Assert.Equal(("quantization_config", "none"), (error.Where, error.Found));
    }
}
