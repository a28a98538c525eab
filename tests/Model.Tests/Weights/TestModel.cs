using System.Text.Json.Nodes;
using AkkaCp.Model.Configuration;
using AkkaCp.Model.Safetensors;
using AkkaCp.Model.Tests.Configuration;
using AkkaCp.Model.Weights;
using AkkaCp.Npu;

namespace AkkaCp.Model.Tests.Weights;

/// <summary>Small models on disk whose every element differs from its neighbours.</summary>
internal static class TestModel
{
    /// <summary>The tiny model's config, two layers, changed by a test.</summary>
    public static ModelConfig Config(Action<JsonObject>? change = null) => ModelConfigTests.Parse(json =>
    {
        json["num_hidden_layers"] = 2;
        json["vocab_size"] = 37;
        change?.Invoke(json);
    });

    /// <summary>All stored tensors that a config asks for, with their shapes.</summary>
    public static IReadOnlyList<(string Name, IReadOnlyList<long> Shape)> Tensors(ModelConfig config) =>
        [.. ShardPieces.Create(config, ShardSpec.Whole, DType.F32).All.SelectMany(piece => piece.Slices)
            .Select(slice => (slice.Tensor, slice.Shape)).DistinctBy(tensor => tensor.Tensor)];

    /// <summary>Writes model.safetensors with the config's tensors in F32, except those that <paramref name="replace"/> changes.</summary>
    public static void Write(
        string folder, ModelConfig config, Func<(string Name, SafetensorsDType DType, IReadOnlyList<long> Shape),
        (string, SafetensorsDType, IReadOnlyList<long>)?>? replace = null)
    {
        var entries = Tensors(config)
            .Select(tensor => (tensor.Name, DType: SafetensorsDType.F32, tensor.Shape))
            .Select(entry => replace is null ? entry : replace(entry))
            .OfType<(string Name, SafetensorsDType DType, IReadOnlyList<long> Shape)>()
            .Append(("unused.extra", SafetensorsDType.I64, [1L]))
            .ToList();
        using var writer = SafetensorsWriter.Create(Path.Combine(folder, "model.safetensors"), entries);
        foreach (var (name, dtype, shape) in entries)
        {
            var count = (int)shape.Aggregate(1L, (a, b) => a * b);
            if (dtype == SafetensorsDType.F32)
                writer.Write(Values(name, count));
            else
                writer.WriteBytes(new byte[count * dtype.Bytes()]);
        }

        writer.Complete();
    }

    /// <summary>The values of a stored tensor: exact in BF16 too.</summary>
    public static float[] Values(string name, int count)
    {
        var seed = name.Aggregate(7, (hash, letter) => (hash * 31 + letter) & 0xFFFF);
        return [.. Enumerable.Range(0, count).Select(i => (float)((((i * 97) + seed) % 251) - 125) / 64)];
    }
}
