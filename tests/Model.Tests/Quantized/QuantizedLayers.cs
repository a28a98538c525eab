using System.Text.Json.Nodes;
using AkkaCp.Model.Safetensors;

namespace AkkaCp.Model.Tests.Quantized;

/// <summary>One layer, "x", of 24 × 64 random codes in each form, packed by the published rules, with its values.</summary>
internal static class QuantizedLayers
{
    public const int Outputs = 24;
    public const int Inputs = 64;

    private static readonly int[] s_awq = [0, 2, 4, 6, 1, 3, 5, 7];

    /// <summary>All forms, those with groups in groups of 16.</summary>
    public static IReadOnlyDictionary<string, Func<(QuantizedFolder Folder, float[] Values)>> All { get; } = Forms(16);

    /// <summary>The same in groups of so many inputs.</summary>
    public static IReadOnlyDictionary<string, Func<(QuantizedFolder Folder, float[] Values)>> Forms(int group) =>
        new Dictionary<string, Func<(QuantizedFolder, float[])>>
        {
            ["fp8 block"] = Fp8Block,
            ["fp8 channel"] = () => Bytes(group, isFloat: true, [Outputs, 1]),
            ["fp8 vector"] = () => Bytes(group, isFloat: true, [Outputs]),
            ["fp8 tensor"] = () => Bytes(group, isFloat: true, [1]),
            ["int8 channel"] = () => Bytes(group, isFloat: false, [Outputs, 1]),
            ["int8 groups, zeros"] = () => Bytes(group, isFloat: false, [Outputs, Inputs / group], zeros: true),
            ["awq"] = () => Awq(group),
            ["gptq"] = () => Gptq(group, 4, isV2: false, actOrder: false),
            ["gptq v2"] = () => Gptq(group, 4, isV2: true, actOrder: false),
            ["gptq, act-order"] = () => Gptq(group, 4, isV2: false, actOrder: true),
            ["gptq v2, 8 bits, act-order"] = () => Gptq(group, 8, isV2: true, actOrder: true),
            ["gptq, 8 bits"] = () => Gptq(group, 8, isV2: false, actOrder: false),
            ["ct 4 bits"] = () => Packed(group, 4, zeros: false, index: null),
            ["ct 8 bits"] = () => Packed(group, 8, zeros: false, index: null),
            ["ct 4 bits, zeros"] = () => Packed(group, 4, zeros: true, index: null),
            ["ct 8 bits, zeros"] = () => Packed(group, 8, zeros: true, index: null),
            ["ct 4 bits, act-order"] = () => Packed(group, 4, zeros: true, index: true),
            ["ct 4 bits, act-order unset"] = () => Packed(group, 4, zeros: false, index: false),
        };

    private static (QuantizedFolder, float[]) Fp8Block()
    {
        const int rows = 10, columns = 24;
        var random = new Random(1);
        var codes = Floats(random);
        var scales = BFloats(random, 3 * 3);
        var folder = new QuantizedFolder
        {
            Config = new JsonObject
            {
                ["quant_method"] = "fp8",
                ["fmt"] = "e4m3",
                ["activation_scheme"] = "dynamic",
                ["weight_block_size"] = new JsonArray(rows, columns),
                ["modules_to_not_convert"] = new JsonArray("lm_head", "mlp.gate"),
            },
        };
        folder.Add("x.weight", SafetensorsDType.F8_E4M3, [Outputs, Inputs], codes)
            .Add("x.weight_scale_inv", SafetensorsDType.BF16, [3, 3], scales);
        return (folder, Values((n, k) => E4M3(codes[(n * Inputs) + k]) * Value(scales[(n / rows * 3) + (k / columns)])));
    }

    private static (QuantizedFolder, float[]) Bytes(int group, bool isFloat, long[] shape, bool zeros = false)
    {
        var random = new Random(2);
        var codes = Floats(random);
        var groups = shape.Length == 2 ? (int)shape[1] : 1;
        var scales = BFloats(random, (int)shape.Aggregate((a, b) => a * b));
        var points = scales.Select(_ => (byte)random.Next(256)).ToArray();
        var folder = new QuantizedFolder
        {
            Config = CompressedTensors(
                isFloat ? "float-quantized" : "int-quantized", 8, isFloat ? "float" : "int", groups > 1 ? "group" : "channel",
                groups > 1 ? group : null),
        };
        folder.Add("x.weight", isFloat ? SafetensorsDType.F8_E4M3 : SafetensorsDType.I8, [Outputs, Inputs], codes)
            .Add("x.weight_scale", SafetensorsDType.BF16, shape, scales)
            .Add("x.input_scale", SafetensorsDType.F32, [1], [1f]);
        if (zeros)
            folder.Add("x.weight_zero_point", SafetensorsDType.I8, shape, points);
        return (folder, Values((n, k) =>
        {
            var code = codes[(n * Inputs) + k];
            var at = scales.Length == 1 ? 0 : (n * groups) + (k / (Inputs / groups));
            var value = isFloat ? E4M3(code) : (sbyte)code - (zeros ? (sbyte)points[at] : 0);
            return value * Value(scales[at]);
        }));
    }

    private static (QuantizedFolder, float[]) Awq(int group)
    {
        var (q, z, s) = Codes(new Random(3), 4, group);
        var folder = new QuantizedFolder
        {
            Config = new JsonObject { ["quant_method"] = "awq", ["bits"] = 4, ["group_size"] = group, ["version"] = "GEMM" },
        };
        folder.Add("x.qweight", SafetensorsDType.I32, [Inputs, Outputs / 8], Pack(Inputs, Outputs / 8, 4, (k, word, i) =>
                q[(word * 8) + s_awq[i], k]))
            .Add("x.qzeros", SafetensorsDType.I32, [Inputs / group, Outputs / 8], Pack(Inputs / group, Outputs / 8, 4, (g, word, i) =>
                z[(word * 8) + s_awq[i], g]))
            .Add("x.scales", SafetensorsDType.F16, [Inputs / group, Outputs], Transposed(s));
        return (folder, Values((n, k) => (q[n, k] - z[n, k / group]) * (float)s[n, k / group]));
    }

    private static (QuantizedFolder, float[]) Gptq(int group, int bits, bool isV2, bool actOrder)
    {
        var random = new Random(4);
        var (q, z, s) = Codes(random, bits, group);
        var perWord = 32 / bits;
        var index = Enumerable.Range(0, Inputs).Select(k => k / group).ToArray();
        if (actOrder)
            random.Shuffle(index);
        var folder = new QuantizedFolder
        {
            Config = new JsonObject
            {
                ["quant_method"] = "gptq",
                ["bits"] = bits,
                ["group_size"] = group,
                ["desc_act"] = actOrder,
                ["sym"] = false,
                ["checkpoint_format"] = isV2 ? "gptq_v2" : "gptq",
                ["lm_head"] = false,
            },
        };
        folder.Add("x.qweight", SafetensorsDType.I32, [Inputs / perWord, Outputs], Pack(Inputs / perWord, Outputs, bits, (word, n, i) =>
                q[n, (word * perWord) + i]))
            .Add("x.qzeros", SafetensorsDType.I32, [Inputs / group, Outputs / perWord],
                Pack(Inputs / group, Outputs / perWord, bits, (g, word, i) => z[(word * perWord) + i, g]))
            .Add("x.scales", SafetensorsDType.F16, [Inputs / group, Outputs], Transposed(s));
        if (actOrder)
            folder.Add("x.g_idx", SafetensorsDType.I32, [Inputs], index);
        var more = isV2 ? 0 : 1;
        return (folder, Values((n, k) => (q[n, k] - (z[n, index[k]] + more)) * (float)s[n, index[k]]));
    }

    /// <param name="group">Inputs of a group.</param>
    /// <param name="bits">4 or 8.</param>
    /// <param name="zeros">Whether there are zero points.</param>
    /// <param name="index">Null: no index; false: one of nothing but −1.</param>
    private static (QuantizedFolder, float[]) Packed(int group, int bits, bool zeros, bool? index)
    {
        var random = new Random(5);
        var (q, z, s) = Codes(random, bits, group);
        var perWord = 32 / bits;
        var half = 1 << (bits - 1);
        var groups = Enumerable.Range(0, Inputs).Select(k => k / group).ToArray();
        if (index == true)
            random.Shuffle(groups);
        var folder = new QuantizedFolder { Config = CompressedTensors("pack-quantized", bits, "int", "group", group) };
        folder.Add("x.weight_packed", SafetensorsDType.I32, [Outputs, Inputs / perWord],
                Pack(Outputs, Inputs / perWord, bits, (n, word, i) => q[n, (word * perWord) + i]))
            .Add("x.weight_scale", SafetensorsDType.F16, [Outputs, Inputs / group], [.. s.Cast<Half>()])
            .Add("x.weight_shape", SafetensorsDType.I64, [2], [(long)Outputs, Inputs]);
        if (zeros)
        {
            folder.Add("x.weight_zero_point", SafetensorsDType.I32, [Outputs / perWord, Inputs / group],
                Pack(Outputs / perWord, Inputs / group, bits, (word, g, i) => z[(word * perWord) + i, g]));
        }

        if (index is { } isSet)
            folder.Add("x.weight_g_idx", SafetensorsDType.I32, [Inputs], isSet ? groups : [.. groups.Select(_ => -1)]);
        return (folder, Values((n, k) => (q[n, k] - (zeros ? z[n, groups[k]] : half)) * (float)s[n, groups[k]]));
    }

    private static JsonObject CompressedTensors(string format, int bits, string type, string strategy, int? group) => new()
    {
        ["quant_method"] = "compressed-tensors",
        ["format"] = format,
        ["ignore"] = new JsonArray("lm_head", "re:.*mlp.gate$"),
        ["config_groups"] = new JsonObject
        {
            ["group_0"] = new JsonObject
            {
                ["targets"] = new JsonArray("Linear"),
                ["weights"] = new JsonObject { ["num_bits"] = bits, ["type"] = type, ["strategy"] = strategy, ["group_size"] = group },
            },
        },
    };

    private static (int[,] Codes, int[,] Zeros, Half[,] Scales) Codes(Random random, int bits, int group)
    {
        var (q, z, s) = (new int[Outputs, Inputs], new int[Outputs, Inputs / group], new Half[Outputs, Inputs / group]);
        for (var n = 0; n < Outputs; n++)
        {
            for (var k = 0; k < Inputs; k++)
                q[n, k] = random.Next(1 << bits);
            for (var g = 0; g < Inputs / group; g++)
                (z[n, g], s[n, g]) = (random.Next(1 << bits), (Half)(random.NextSingle() + 0.01f));
        }

        return (q, z, s);
    }

    private static int[] Pack(int rows, int columns, int bits, Func<int, int, int, int> code)
    {
        var words = new int[rows * columns];
        for (var at = 0; at < words.Length; at++)
        {
            for (var i = 0; i < 32 / bits; i++)
                words[at] |= code(at / columns, at % columns, i) << (bits * i);
        }

        return words;
    }

    private static Half[] Transposed(Half[,] scales) =>
        [.. from g in Enumerable.Range(0, scales.GetLength(1)) from n in Enumerable.Range(0, Outputs) select scales[n, g]];

    private static float[] Values(Func<int, int, float> value) =>
        [.. from n in Enumerable.Range(0, Outputs) from k in Enumerable.Range(0, Inputs) select value(n, k)];

    private static byte[] Floats(Random random) =>
        [.. Enumerable.Range(0, Outputs * Inputs).Select(i => (byte)(i < 256 ? i : random.Next(256)))
            .Select(code => (byte)((code & 0x7F) == 0x7F ? 1 : code))];

    private static ushort[] BFloats(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => (ushort)(BitConverter.SingleToUInt32Bits(random.NextSingle() + 0.01f) >> 16))];

    private static float Value(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    /// <summary>Exponent and fraction moved into a half, whose bias is 8 more.</summary>
    private static float E4M3(byte code) =>
        (float)BitConverter.UInt16BitsToHalf((ushort)(((code & 0x80) << 8) | ((code & 0x7F) << 7))) * 256;
}
