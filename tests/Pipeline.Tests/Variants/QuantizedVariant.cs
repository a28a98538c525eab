using System.Text.Json.Nodes;
using AkkaCp.Model.Safetensors;

namespace AkkaCp.Pipeline.Tests.Variants;

/// <summary>
/// A model of random weights twice: its projections as FP8 with scales of outputs or of whole matrices, and plain with the values that
/// these stand for, which are computed here and not by the reader.
/// </summary>
internal sealed class QuantizedVariant : IDisposable
{
    private const float MostE4M3 = 448;
    private const float HalfToE4M3 = 256;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("akkacp-quantised-");

    public QuantizedVariant(bool isByOutput)
    {
        var variant = ModelVariant.All[0];
        using var model = new VariantModel(variant);
        using var source = SafetensorsFile.Open(Path.Combine(model.Directory, "model.safetensors"));
        var config = variant.Config();
        Write("plain", config, [.. source.Tensors.Values.Select(tensor => Plain(tensor, Values(source, tensor), isByOutput))]);
        config["quantization_config"] = new JsonObject
        {
            ["quant_method"] = "compressed-tensors",
            ["format"] = "float-quantized",
            ["ignore"] = new JsonArray("lm_head", "re:.*mlp.gate$"),
            ["config_groups"] = new JsonObject
            {
                ["group_0"] = new JsonObject
                {
                    ["weights"] = new JsonObject
                    {
                        ["num_bits"] = 8,
                        ["type"] = "float",
                        ["strategy"] = isByOutput ? "channel" : "tensor",
                    },
                },
            },
        };
        Write("fp8", config, [.. source.Tensors.Values.SelectMany(tensor => Quantised(tensor, Values(source, tensor), isByOutput))]);
    }

    /// <summary>The directory of FP8 weights.</summary>
    public string Fp8 => Path.Combine(_folder.FullName, "fp8");

    /// <summary>The directory of their values in F32.</summary>
    public string Plain32 => Path.Combine(_folder.FullName, "plain");

    public void Dispose() => _folder.Delete(recursive: true);

    private static float[] Values(SafetensorsFile source, SafetensorsTensor tensor)
    {
        var values = new float[tensor.Rows * tensor.Columns];
        source.ReadRows(tensor.Name, 0, (int)tensor.Rows, 0, (int)tensor.Columns, values);
        return values;
    }

    private static Stored Plain(SafetensorsTensor tensor, float[] values, bool isByOutput)
    {
        if (!IsProjection(tensor))
            return new Stored(tensor.Name, SafetensorsDType.F32, tensor.Shape, values, null);
        var scales = Scales(tensor, values, isByOutput);
        var coded = values.Select((value, i) => Value(Code(value / scales[i / (int)tensor.Columns])) * scales[i / (int)tensor.Columns]);
        return new Stored(tensor.Name, SafetensorsDType.F32, tensor.Shape, [.. coded], null);
    }

    private static IEnumerable<Stored> Quantised(SafetensorsTensor tensor, float[] values, bool isByOutput)
    {
        if (!IsProjection(tensor))
        {
            yield return new Stored(tensor.Name, SafetensorsDType.F32, tensor.Shape, values, null);
            yield break;
        }

        var scales = Scales(tensor, values, isByOutput);
        yield return new Stored(
            tensor.Name, SafetensorsDType.F8_E4M3, tensor.Shape, null,
            [.. values.Select((value, i) => Code(value / scales[i / (int)tensor.Columns]))]);
        yield return new Stored(
            tensor.Name + "_scale", SafetensorsDType.F32, isByOutput ? [tensor.Rows, 1] : [1], isByOutput ? scales : scales[..1], null);
    }

    private static bool IsProjection(SafetensorsTensor tensor) => tensor.Name.EndsWith("_proj.weight", StringComparison.Ordinal);

    /// <summary>One for each output: the largest weight becomes the largest number of the type.</summary>
    private static float[] Scales(SafetensorsTensor tensor, float[] values, bool isByOutput)
    {
        var largest = values.Chunk((int)tensor.Columns).Select(row => row.Max(value => MathF.Abs(value))).ToArray();
        return [.. largest.Select(most => (isByOutput ? most : largest.Max()) / MostE4M3)];
    }

    /// <summary>To nearest even: a half of a 256th has the same exponents, and seven more bits of fraction.</summary>
    private static byte Code(float value)
    {
        var bits = BitConverter.HalfToUInt16Bits((Half)(Math.Abs(value) / HalfToE4M3));
        var code = Math.Min((bits + 0x3F + ((bits >> 7) & 1)) >> 7, 0x7E);
        return (byte)(code | (value < 0 ? 0x80 : 0));
    }

    private static float Value(byte code) =>
        (float)BitConverter.UInt16BitsToHalf((ushort)(((code & 0x80) << 8) | ((code & 0x7F) << 7))) * HalfToE4M3;

    private void Write(string name, JsonObject config, IReadOnlyList<Stored> tensors)
    {
        var folder = _folder.CreateSubdirectory(name).FullName;
        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString());
        using var writer = SafetensorsWriter.Create(
            Path.Combine(folder, "model.safetensors"), tensors.Select(tensor => (tensor.Name, tensor.DType, tensor.Shape)));
        foreach (var tensor in tensors)
        {
            if (tensor.Bytes is { } bytes)
                writer.WriteBytes(bytes);
            else
                writer.Write(tensor.Floats);
        }

        writer.Complete();
    }

    private sealed record Stored(string Name, SafetensorsDType DType, IReadOnlyList<long> Shape, float[]? Floats, byte[]? Bytes);
}
