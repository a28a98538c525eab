using System.Collections.Immutable;
using System.Text.Json;
using AkkaCp.Text.Files;

namespace AkkaCp.Model.Configuration;

/// <summary>
/// The quantization_config of a config.json: by which rules the tensors of quantised matrices are read. Which matrices are quantised, the
/// tensors say.
/// </summary>
public sealed record QuantizationConfig
{
    internal const string Key = "quantization_config";

    /// <summary>quant_method: fp8, awq, gptq or compressed-tensors.</summary>
    public required string Method { get; init; }

    /// <summary>Bits of a weight (awq, gptq), or null.</summary>
    internal int? Bits { get; init; }

    /// <summary>Weights of a row that share a scale (awq, gptq), −1 for a whole row, or null.</summary>
    internal int? GroupSize { get; init; }

    /// <summary>Outputs and inputs that share a scale (fp8), or null.</summary>
    internal (int Outputs, int Inputs)? BlockSize { get; init; }

    /// <summary>Whether zero points are stored less by one, as gptq's first format has them.</summary>
    internal bool ZerosAreLessByOne { get; init; }

    /// <summary>Whether some modules have other bits and groups than the file's (gptq's dynamic).</summary>
    internal bool HasOverrides { get; init; }

    /// <summary>Whether the head may be quantised; null = nothing is said.</summary>
    internal bool? LmHead { get; init; }

    /// <summary>Schemes of compressed-tensors.</summary>
    internal ImmutableArray<QuantizationScheme> Schemes { get; init; } = [];

    /// <summary>Modules that are not quantised.</summary>
    internal ModuleNames Ignored { get; init; } = ModuleNames.None;

    /// <summary>What a config.json says; null when it is not there or says nothing.</summary>
    /// <exception cref="ModelConfigException">The object names a format that cannot be read; all reasons.</exception>
    /// <exception cref="ModelFormatException">The file cannot be read, or is no JSON.</exception>
    internal static QuantizationConfig? Read(string file)
    {
        if (!ModelFile.Exists(file))
            return null;
        using var document = ModelJson.Read(file);
        if (document.RootElement.ValueKind != JsonValueKind.Object)
            return null;
        var reasons = new List<string>();
        var config = QuantizationConfigParser.Read(new JsonFields(document.RootElement, "", reasons));
        return reasons.Count == 0 ? config : throw new ModelConfigException(file, reasons);
    }
}

/// <summary>One of compressed-tensors' ways to quantise weights.</summary>
/// <param name="IsPacked">Whether weights lie in words.</param>
/// <param name="Bits">Bits of a weight.</param>
/// <param name="IsFloat">Whether they are a float.</param>
/// <param name="GroupSize">Weights of a row that share a scale, or null.</param>
/// <param name="BlockSize">Outputs and inputs that share a scale, or null.</param>
internal sealed record QuantizationScheme(
    bool IsPacked, int Bits, bool IsFloat, int? GroupSize, (int Outputs, int Inputs)? BlockSize);
