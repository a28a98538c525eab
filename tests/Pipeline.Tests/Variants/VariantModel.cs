using System.Runtime.InteropServices;
using System.Text.Json;
using AkkaCp.Model.Safetensors;
using AkkaCp.Testing;

namespace AkkaCp.Pipeline.Tests.Variants;

/// <summary>A model directory with random weights of a variant's shapes, removed afterwards.</summary>
internal sealed class VariantModel : IDisposable
{
    private readonly ModelVariant _variant;

    public VariantModel(ModelVariant variant)
    {
        _variant = variant;
        Directory = System.IO.Directory.CreateTempSubdirectory("akkacp-variant-").FullName;
        File.WriteAllText(Path.Combine(Directory, "config.json"), variant.Config().ToJsonString());
        WriteFiles([.. Tensors(new ReferenceConfig(Directory), variant.Config())]);
    }

    public string Directory { get; }

    public void Dispose() => System.IO.Directory.Delete(Directory, recursive: true);

    /// <summary>Every tensor that Hugging Face would write for the config, by name and shape.</summary>
    private static IEnumerable<(string Name, long[] Shape)> Tensors(ReferenceConfig config, System.Text.Json.Nodes.JsonObject json)
    {
        long hidden = config.HiddenSize;
        yield return ("model.embed_tokens.weight", [config.VocabSize, hidden]);
        for (var layer = 0; layer < config.Layers; layer++)
        {
            var prefix = $"model.layers.{layer}.";
            yield return (prefix + "input_layernorm.weight", [hidden]);
            yield return (prefix + "post_attention_layernorm.weight", [hidden]);
            foreach (var tensor in Attention(config, prefix + "self_attn."))
                yield return tensor;

            var sparse = config.IsSparse(layer);
            if (sparse)
                yield return (prefix + "mlp.gate.weight", [config.Experts, hidden]);

            var inner = json[sparse ? "moe_intermediate_size" : "intermediate_size"]!.GetValue<long>();
            for (var e = 0; e < (sparse ? config.Experts : 1); e++)
            {
                var mlp = prefix + (sparse ? $"mlp.experts.{e}." : "mlp.");
                yield return (mlp + "gate_proj.weight", [inner, hidden]);
                yield return (mlp + "up_proj.weight", [inner, hidden]);
                yield return (mlp + "down_proj.weight", [hidden, inner]);
            }
        }

        yield return ("model.norm.weight", [hidden]);
        if (!config.TieWordEmbeddings)
            yield return ("lm_head.weight", [config.VocabSize, hidden]);
    }

    private static IEnumerable<(string Name, long[] Shape)> Attention(ReferenceConfig config, string prefix)
    {
        long hidden = config.HiddenSize;
        foreach (var (name, rows, columns) in new[]
        {
            ("q", (long)config.Heads * config.HeadDim, hidden),
            ("k", config.KvHeads * config.HeadDim, hidden),
            ("v", config.KvHeads * config.HeadDim, hidden),
            ("o", hidden, config.Heads * config.HeadDim),
        })
        {
            yield return ($"{prefix}{name}_proj.weight", [rows, columns]);
            if (config.AttentionBias)
                yield return ($"{prefix}{name}_proj.bias", [rows]);
        }

        yield return (prefix + "q_norm.weight", [config.HeadDim]);
        yield return (prefix + "k_norm.weight", [config.HeadDim]);
    }

    private void WriteFiles(IReadOnlyList<(string Name, long[] Shape)> tensors)
    {
        var map = new Dictionary<string, string>();
        for (var shard = 0; shard < _variant.Shards; shard++)
        {
            // Dealt out in turn, so that the parts of one packed piece (k and v, gate and up) lie in different files.
            var own = tensors.Where((_, i) => i % _variant.Shards == shard).ToList();
            var file = _variant.Shards == 1 ? "model.safetensors" : $"model-{shard + 1:d5}-of-{_variant.Shards:d5}.safetensors";
            WriteFile(Path.Combine(Directory, file), own);
            own.ForEach(tensor => map.Add(tensor.Name, file));
        }

        if (_variant.Shards > 1)
        {
            File.WriteAllText(
                Path.Combine(Directory, "model.safetensors.index.json"),
                JsonSerializer.Serialize(new { metadata = new { total_size = 0 }, weight_map = map }));
        }
    }

    private void WriteFile(string path, List<(string Name, long[] Shape)> tensors)
    {
        using var writer = SafetensorsWriter.Create(
            path, tensors.Select(tensor => (tensor.Name, _variant.DType, (IReadOnlyList<long>)tensor.Shape)));
        foreach (var (name, shape) in tensors)
        {
            var values = Values(name, shape);
            if (_variant.DType == SafetensorsDType.F16)
                writer.WriteBytes(MemoryMarshal.AsBytes(Array.ConvertAll(values, value => (Half)value).AsSpan()));
            else
                writer.Write(values);
        }

        writer.Complete();
    }

    /// <summary>Norms around 1, biases of the size of what they are added to, matrices that keep the size of their input; routers that
    /// decide.</summary>
    private float[] Values(string name, long[] shape)
    {
        var seed = name.Aggregate(_variant.Seed, (hash, letter) => (hash * 31) + letter);
        var count = (int)shape.Aggregate(1L, (product, size) => product * size);
        if (name.EndsWith("norm.weight", StringComparison.Ordinal))
            return [.. new Rng(seed).Floats(count, 0.3f).Select(value => 1 + value)];

        var scale = name.EndsWith(".bias", StringComparison.Ordinal) ? 0.5f
            : name.Contains("embed_tokens", StringComparison.Ordinal) ? 1f
            : name.Contains("mlp.gate.", StringComparison.Ordinal) ? 0.5f
            : (float)Math.Sqrt(3.0 / shape[1]);
        return new Rng(seed).Floats(count, scale);
    }
}
