using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using AkkaCp.Model.Safetensors;
using AkkaCp.Model.Tests.Safetensors;

namespace AkkaCp.Model.Tests.Quantized;

/// <summary>A directory with tensors of a test's own and a config.json with a quantization_config.</summary>
internal sealed class QuantizedFolder : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<(string Name, SafetensorsDType DType, long[] Shape, byte[] Data)> _tensors = [];

    public string Path => _folder.Path;

    public JsonObject Config { get; set; } = [];

    public string File(string name) => _folder.File(name);

    public QuantizedFolder Add<T>(string name, SafetensorsDType dtype, long[] shape, T[] data) where T : struct
    {
        _tensors.RemoveAll(tensor => tensor.Name == name);
        _tensors.Add((name, dtype, shape, MemoryMarshal.AsBytes<T>(data).ToArray()));
        return this;
    }

    /// <summary>The same tensor with other data, and perhaps of another type.</summary>
    public QuantizedFolder Replace<T>(string name, T[] data, SafetensorsDType? dtype = null) where T : struct
    {
        var old = _tensors.Single(tensor => tensor.Name == name);
        return Add(name, dtype ?? old.DType, old.Shape, data);
    }

    public QuantizedFolder Remove(string name)
    {
        _tensors.RemoveAll(tensor => tensor.Name == name);
        return this;
    }

    /// <summary>Writes both files.</summary>
    public QuantizedFolder Write()
    {
        var config = new JsonObject { ["model_type"] = "qwen3_moe", ["quantization_config"] = Config.DeepClone() };
        System.IO.File.WriteAllText(File("config.json"), config.ToJsonString());
        using var writer = SafetensorsWriter.Create(
            File("model.safetensors"), _tensors.Select(tensor => (tensor.Name, tensor.DType, (IReadOnlyList<long>)tensor.Shape)));
        foreach (var tensor in _tensors.Where(tensor => tensor.Data.Length > 0))
            writer.WriteBytes(tensor.Data);
        writer.Complete();
        return this;
    }

    public void Dispose() => _folder.Dispose();
}
