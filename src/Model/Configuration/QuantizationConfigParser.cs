using System.Collections.Immutable;
using System.Text.Json;
using AkkaCp.Text.Files;

namespace AkkaCp.Model.Configuration;

/// <summary>From the quantization_config of a config.json to the rules that it names, or to every reason against it.</summary>
internal sealed class QuantizationConfigParser
{
    private const int MaxGroup = 1 << 20;
    private const string Packed = "pack-quantized";
    private const string MixedFormats = "mixed-precision";

    // Formats of compressed-tensors; the third and the fourth differ in name alone.
    private static readonly string[] s_formats = [Packed, "int-quantized", "float-quantized", "naive-quantized"];

    private static readonly ChangingKey s_off = new(QuantizationConfig.Key, "quantised weights");

    private readonly JsonFields _root;
    private readonly JsonFields _fields;

    private QuantizationConfigParser(JsonFields root, JsonFields fields) => (_root, _fields) = (root, fields);

    /// <summary>Null where nothing is quantised, and where reasons were noted.</summary>
    public static QuantizationConfig? Read(JsonFields root)
    {
        var fields = root.Source.TryGetProperty(QuantizationConfig.Key, out var value) && s_off.IsOff(value)
            ? null
            : root.Object(QuantizationConfig.Key);
        return fields is null ? null : new QuantizationConfigParser(root, fields).Read();
    }

    private QuantizationConfig? Read() => _fields.Text("quant_method") switch
    {
        "fp8" => ReadFp8(),
        "awq" => ReadAwq(),
        "gptq" => ReadGptq(),
        "compressed-tensors" => ReadCompressedTensors(),
        var method => Refuse("quant_method", "fp8, awq, gptq or compressed-tensors", method ?? "none"),
    };

    private QuantizationConfig? ReadFp8()
    {
        // Static scales of activations are in the files too, and are not needed: activations are not rounded.
        if (_fields.Text("activation_scheme") is not ("dynamic" or "static"))
        {
            _root.Note(QuantizationConfig.Key, "activation_scheme dynamic or static for fp8", _fields.Source.GetRawText());
            return null;
        }

        if ((_fields.Text("fmt") ?? _fields.Text("weight_fmt")) is { } format && format is not ("e4m3" or "float8_e4m3fn"))
            return Refuse("fmt", "e4m3", format);
        return new QuantizationConfig
        {
            Method = "fp8",
            BlockSize = ReadBlock(_fields, "weight_block_size"),
            Ignored = ReadModules("modules_to_not_convert", "ignored_layers"),
        };
    }

    private QuantizationConfig? ReadAwq()
    {
        var version = _fields.Text("version") ?? "gemm";
        if (!version.Equals("gemm", StringComparison.OrdinalIgnoreCase))
            return Refuse("version", "gemm", version);
        return new QuantizationConfig
        {
            Method = "awq",
            Bits = ReadBits("bits", 4),
            GroupSize = ReadGroup(_fields, "group_size"),
            Ignored = ReadModules("modules_to_not_convert"),
        };
    }

    private QuantizationConfig? ReadGptq()
    {
        var format = _fields.Text("checkpoint_format") ?? _fields.Text("format") ?? "gptq";
        if (format is not ("gptq" or "gptq_v2"))
            return Refuse(_fields.Has("checkpoint_format") ? "checkpoint_format" : "format", "gptq or gptq_v2", format);
        if (_fields.Bool("is_marlin_format", false))
            return Refuse("is_marlin_format", "false", "true");
        return new QuantizationConfig
        {
            Method = "gptq",
            Bits = ReadBits("bits", 4, 8),
            GroupSize = ReadGroup(_fields, "group_size"),
            ZerosAreLessByOne = format == "gptq",
            HasOverrides = _fields.Object("dynamic") is { } overrides && overrides.Source.EnumerateObject().Any(),
            LmHead = _fields.Has("lm_head") ? _fields.Bool("lm_head", false) : null,
        };
    }

    private QuantizationConfig? ReadCompressedTensors()
    {
        var format = _fields.Text("format");
        if (format is null || !(s_formats.Contains(format) || format == MixedFormats))
            return Refuse("format", string.Join(", ", s_formats), format ?? "none");
        if (_fields.Object("sparsity_config") is { } sparsity && sparsity.Text("format") is { } sparse && sparse != "dense")
            return Refuse("sparsity_config.format", "dense", sparse);
        return new QuantizationConfig
        {
            Method = "compressed-tensors",
            Schemes = ReadSchemes(format),
            Ignored = ReadModules("ignore"),
        };
    }

    private ImmutableArray<QuantizationScheme> ReadSchemes(string format)
    {
        var schemes = ImmutableArray.CreateBuilder<QuantizationScheme>();
        if (_fields.Object("config_groups") is not { } groups)
            return [];
        foreach (var name in groups.Source.EnumerateObject().Select(group => group.Name))
        {
            if (groups.Object(name) is { } group && group.Object("weights") is { } weights)
                schemes.Add(ReadScheme(group, weights, format));
        }

        return schemes.ToImmutable();
    }

    private static QuantizationScheme ReadScheme(JsonFields group, JsonFields weights, string format)
    {
        var own = group.Text("format") ?? format;
        if (!s_formats.Contains(own))
            group.Note("format", string.Join(", ", s_formats), own);
        var type = weights.Text("type") ?? "int";
        if (type is not ("int" or "float"))
            weights.Note("type", "int or float", type);
        var bits = weights.Int("num_bits", 64);
        if (bits is not (0 or 8) && !(bits == 4 && type == "int"))
            weights.Note("num_bits", type == "float" ? "8" : "4 or 8", $"{bits}");
        return new QuantizationScheme(
            own == Packed, bits, type == "float",
            weights.Text("strategy") == "group" ? ReadGroup(weights, "group_size") : null,
            ReadBlock(weights, "block_structure"));
    }

    private int? ReadBits(string key, params int[] supported)
    {
        var bits = _fields.Int(key, 64);
        if (bits != 0 && !supported.Contains(bits))
            _fields.Note(key, string.Join(" or ", supported), $"{bits}");
        return bits;
    }

    private static int? ReadGroup(JsonFields fields, string key)
    {
        if (!fields.Has(key))
            return null;
        var group = fields.Int(key, MaxGroup, minimum: -1);
        if (group == 0 && fields.Source.GetProperty(key).GetRawText() == "0")
            fields.Note(key, $"1 to {MaxGroup}, or -1 for a whole row", "0");
        return group;
    }

    private static (int Outputs, int Inputs)? ReadBlock(JsonFields fields, string key)
    {
        if (!fields.Has(key))
            return null;
        var value = fields.Source.GetProperty(key);
        var sizes = value.ValueKind == JsonValueKind.Array
            ? value.EnumerateArray().Select(SizeOf).ToArray()
            : [];
        if (sizes is [> 0 and var outputs, > 0 and var inputs])
            return (outputs, inputs);
        fields.Note(key, "two positive numbers such as [128, 128]", value.GetRawText());
        return null;

        static int SizeOf(JsonElement item) => JsonNumber.TryGetWhole(item, out var size) && size is > 0 and <= MaxGroup ? (int)size : 0;
    }

    private ModuleNames ReadModules(params ReadOnlySpan<string> keys)
    {
        var all = new List<string>();
        foreach (var key in keys)
        {
            var names = _fields.Texts(key);
            if (ModuleNames.Of(names, out var wrong) is null)
                _fields.Note(key, "names of modules, or re: and a regular expression", wrong!);
            else
                all.AddRange(names);
        }

        return ModuleNames.Of(all, out _) ?? ModuleNames.None;
    }

    private QuantizationConfig? Refuse(string key, string expected, string found)
    {
        _fields.Note(key, expected, found);
        return null;
    }
}
