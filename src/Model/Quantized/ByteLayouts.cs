using AkkaCp.Model.Weights.Sources;
using AkkaCp.Npu;

namespace AkkaCp.Model.Quantized;

/// <summary>Matrices of one byte a weight: FP8 of fp8 and compressed-tensors, INT8 of compressed-tensors.</summary>
internal static class ByteLayouts
{
    private const string Float = "F8_E4M3";
    private const string Integer = "I8";
    private const int UsualBlock = 128;

    /// <param name="module">The layer.</param>
    /// <param name="ending">Of its scales.</param>
    public static QuantizedTensor Read(QuantizedModule module, string ending)
    {
        var weight = module.Matrix("weight");
        var isFloat = weight.Type.Name == Float;
        if (!isFloat && weight.Type.Name != Integer)
            throw QuantizedModule.Wrong(weight, $"dtype {Float} or {Integer}", weight.Type.Name);
        var scales = module.Floats(ending);
        module.RequireMethod(weight, isFloat ? ["fp8", "compressed-tensors"] : ["compressed-tensors"]);
        module.RequireMeant(weight);
        var block = BlockOf(module, scales, ending, isFloat);
        var (outputs, inputs) = (weight.Shape[0], weight.Shape[1]);
        var (rows, groups) = GridOf(module, scales, outputs, inputs, block);
        var size = block?.Inputs ?? QuantizedModule.GroupSize(scales, inputs, groups);
        var grid = block is null ? groups > 1 ? $"g{size}" : rows == 1 && outputs > 1 ? "tensor" : "row" : $"{block.Value.Outputs}x{size}";
        module.RequireScheme(
            weight, $"{(isFloat ? "float" : "int")} weights of 8 bits in {grid}",
            scheme => !scheme.IsPacked && scheme.Bits == 8 && scheme.IsFloat == isFloat && (scheme.GroupSize ?? size) == size);
        module.Find("input_scale");
        module.Find("input_zero_point");
        return new QuantizedTensor(
            module.Weight, weight.File, TypeOf(module, isFloat, grid, groups, size), weight.Shape)
        {
            Codes = new StoredBytes(weight.Name, isFloat ? ByteValues.E4M3 : ByteValues.Signed),
            Scales = new StoredFloats(
                scales.Name, IsVector(scales, outputs), block?.Outputs ?? (rows == 1 ? outputs : 1)),
            Zeros = isFloat ? null : ZerosOf(module, scales),
            Groups = groups,
            GroupSize = size,
            Parts = module.Parts,
        };
    }

    /// <summary>e4m3 is kept where whole runs of 128 inputs share a scale, INT8 with a scale for each row alone.</summary>
    private static WeightType TypeOf(QuantizedModule module, bool isFloat, string grid, long groups, long size)
    {
        DType? packed = isFloat
            ? groups == 1 || size % UsualBlock == 0 ? DType.F8 : null
            : groups == 1 && module.Find("weight_zero_point") is null ? DType.I8 : null;
        return new WeightType($"{(isFloat ? "FP8" : "INT8")} {grid}", sizeof(float), true, Packed: packed);
    }

    /// <summary>Outputs and inputs of a block; null where scales are for whole rows or groups of them.</summary>
    private static (int Outputs, int Inputs)? BlockOf(QuantizedModule module, WeightTensor scales, string ending, bool isFloat)
    {
        if (ending == "weight_scale_inv")
        {
            module.RequireMethod(scales, "fp8");
            return module.Config.BlockSize ?? (UsualBlock, UsualBlock);
        }

        return isFloat && scales.Shape.Count == 2
            ? module.Config.Schemes.Select(scheme => scheme.BlockSize).FirstOrDefault(block => block is not null)
            : null;
    }

    /// <summary>Rows and columns of scales.</summary>
    private static (long Rows, long Groups) GridOf(
        QuantizedModule module, WeightTensor scales, long outputs, long inputs, (int Outputs, int Inputs)? block)
    {
        if (block is { } size)
        {
            var (rows, groups) = ((outputs + size.Outputs - 1) / size.Outputs, (inputs + size.Inputs - 1) / size.Inputs);
            QuantizedModule.RequireShape(
                scales, $"a scale for each {size.Outputs} × {size.Inputs} of {outputs} × {inputs} weights", rows, groups);
            return (rows, groups);
        }

        if (scales.Shape.All(dimension => dimension == 1))
            return (1, 1);
        if (IsVector(scales, outputs))
            return (outputs, 1);
        if (scales.Shape.Count != 2 || scales.Shape[0] != outputs || scales.Shape[1] == 0)
            QuantizedModule.RequireShape(scales, "a scale for each output", outputs, 1);
        return (outputs, scales.Shape[1]);
    }

    private static bool IsVector(WeightTensor scales, long outputs) => scales.Shape.Count == 1 && scales.Shape[0] == outputs && outputs > 1;

    private static StoredBytes? ZerosOf(QuantizedModule module, WeightTensor scales)
    {
        if (module.Find("weight_zero_point") is not { } zeros)
            return null;
        if (zeros.Type.Name != Integer)
            throw QuantizedModule.Wrong(zeros, $"dtype {Integer}", zeros.Type.Name);
        QuantizedModule.RequireShape(zeros, "a zero point for each scale", [.. scales.Shape]);
        return scales.Shape.Count == 2 && scales.Shape[0] > 1
            ? new StoredBytes(zeros.Name, ByteValues.Signed)
            : throw QuantizedModule.Wrong(zeros, "zero points of [outputs, groups]", $"shape {zeros.ShapeText}");
    }
}
