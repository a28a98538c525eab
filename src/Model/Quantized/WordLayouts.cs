using AkkaCp.Model.Weights.Sources;
using AkkaCp.Npu;

namespace AkkaCp.Model.Quantized;

/// <summary>Matrices of integers in 32-bit words: AWQ, GPTQ, and compressed-tensors' packed form.</summary>
internal static class WordLayouts
{
    private const int WordBits = 32;

    private static readonly int[] s_bits = [4, 8];

    /// <summary>AWQ and GPTQ, which lie as [inputs, outputs]; which of the two, the shapes say.</summary>
    public static QuantizedTensor Transposed(QuantizedModule module)
    {
        var (words, zeros) = (module.Words("qweight"), module.Words("qzeros"));
        var scales = module.FloatMatrix("scales");
        var (groups, outputs) = (scales.Shape[0], scales.Shape[1]);
        var bits = s_bits.FirstOrDefault(bits => zeros.Shape[1] * WordBits == outputs * bits);
        if (bits == 0 || zeros.Shape[0] != groups)
        {
            throw QuantizedModule.Wrong(
                zeros, $"shape [{groups}, outputs in words of 4 or 8 bits] beside scales {scales.ShapeText}", $"shape {zeros.ShapeText}");
        }

        var perWord = WordBits / bits;
        var isAwq = words.Shape[1] != outputs;
        if (isAwq && words.Shape[1] * perWord != outputs)
        {
            throw QuantizedModule.Wrong(
                words, $"{outputs} columns (gptq) or {outputs / perWord} (awq) beside scales {scales.ShapeText}",
                $"shape {words.ShapeText}");
        }

        module.RequireMethod(words, isAwq ? "awq" : "gptq");
        module.RequireMeant(words);
        var inputs = isAwq ? words.Shape[0] : words.Shape[0] * perWord;
        var size = QuantizedModule.GroupSize(scales, inputs, groups);
        module.RequireGroups(words, bits, size, inputs);
        return new QuantizedTensor(module.Weight, words.File, TypeOf(isAwq ? "AWQ" : "GPTQ", bits, size), [outputs, inputs])
        {
            Codes = new StoredWords(words.Name, bits, isAwq ? Packing.ColumnsOfAwq : Packing.Rows, isTransposed: true, bias: 0),
            Zeros = new StoredWords(
                zeros.Name, bits, isAwq ? Packing.ColumnsOfAwq : Packing.Columns, isTransposed: true,
                bias: !isAwq && module.Config.ZerosAreLessByOne ? 1 : 0),
            Scales = new StoredFloats(scales.Name, isTransposed: true),
            Groups = groups,
            GroupSize = size,
            GroupIndex = isAwq ? null : module.GroupIndex("g_idx", inputs),
            Parts = module.Parts,
        };
    }

    /// <summary>compressed-tensors' pack-quantized: codes and zero points are stored without a sign, more by half of their range.</summary>
    public static QuantizedTensor Rows(QuantizedModule module)
    {
        var words = module.Words("weight_packed");
        var scales = module.Floats("weight_scale");
        module.RequireMethod(words, "compressed-tensors");
        module.RequireMeant(words);
        var (outputs, inputs) = module.Pair("weight_shape");
        var bits = inputs is > 0 and < int.MaxValue ? s_bits.FirstOrDefault(bits => words.Shape[1] * WordBits == inputs * bits) : 0;
        if (bits == 0 || words.Shape[0] != outputs)
        {
            throw QuantizedModule.Wrong(
                words, $"[{outputs}, {inputs}], its weight_shape, in words of 4 or 8 bits", $"shape {words.ShapeText}");
        }

        var isOne = scales.Shape.All(dimension => dimension == 1);
        if (!isOne && (scales.Shape.Count != 2 || scales.Shape[0] != outputs || scales.Shape[1] == 0))
            QuantizedModule.RequireShape(scales, "a scale for each output at least", outputs, 1);
        var groups = isOne ? 1 : scales.Shape[1];
        var size = QuantizedModule.GroupSize(scales, inputs, groups);
        module.RequireScheme(
            words, $"int weights of {bits} bits in groups of {size}",
            scheme => scheme.IsPacked && scheme.Bits == bits && !scheme.IsFloat
                && (scheme.GroupSize is null or -1 ? inputs : scheme.GroupSize) == size);
        var half = -(1 << (bits - 1));
        return new QuantizedTensor(module.Weight, words.File, TypeOf("INT", bits, size), [outputs, inputs])
        {
            Codes = new StoredWords(words.Name, bits, Packing.Columns, isTransposed: false, half),
            Zeros = ZerosOf(module, bits, outputs, groups, half),
            Scales = new StoredFloats(scales.Name, isTransposed: false, isOne ? outputs : 1),
            Groups = groups,
            GroupSize = size,
            GroupIndex = module.GroupIndex("weight_g_idx", inputs),
            IndexMayBeUnset = true,
            Parts = module.Parts,
        };
    }

    private static StoredWords? ZerosOf(QuantizedModule module, int bits, long outputs, long groups, int bias)
    {
        if (module.Find("weight_zero_point") is null)
            return null;
        var zeros = module.Words("weight_zero_point");
        QuantizedModule.RequireShape(zeros, "zero points in words along outputs", outputs / (WordBits / bits), groups);
        return outputs % (WordBits / bits) == 0
            ? new StoredWords(zeros.Name, bits, Packing.Rows, isTransposed: false, bias)
            : throw QuantizedModule.Wrong(zeros, $"a multiple of {WordBits / bits} outputs", $"{outputs}");
    }

    private static WeightType TypeOf(string method, int bits, long groupSize) => new(
        FormattableString.Invariant($"{method} w{bits}g{groupSize}"), sizeof(float), true,
        Packed: (groupSize % 128, groupSize % 32, bits) switch
        {
            (0, _, 4) => DType.Q4Z128,
            (0, _, _) => DType.Q8Z128,
            (_, 0, 4) => DType.Q4Z32,
            (_, 0, _) => DType.Q8Z32,
            _ => null,
        });
}
