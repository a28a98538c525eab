using System.Text.Json.Nodes;
using AkkaCp.Model.Configuration;
using AkkaCp.Model.Safetensors;
using AkkaCp.Model.Weights;
using AkkaCp.Npu;
using AkkaCp.Text.Files;

namespace AkkaCp.Model.Synth;

/// <summary>
/// Writes models of true dimensions with random weights, so that any layout can be tried and timed without a download.
/// </summary>
public static class SynthModel
{
    /// <summary>Bytes of one weight file, about; larger models are sharded.</summary>
    public const long MaxShardBytes = 5_000_000_000;

    private const int MaxLayers = 4096;

    /// <summary>Writes config, generation defaults, tokenizer and weights. The same arguments give the same bytes.</summary>
    /// <param name="preset">Name of a <see cref="SynthPreset"/>.</param>
    /// <param name="layers">Decoder layers, 1 to 4096; null = the preset's own number.</param>
    /// <param name="seed">Of the random numbers; a tensor's values depend on it and the tensor's name only.</param>
    /// <param name="dtype">Element type of the files.</param>
    /// <param name="outputDirectory">Made if it does not exist; must be empty.</param>
    /// <param name="progress">Told after each tensor; null = nobody.</param>
    /// <param name="cancellationToken">Stops between tensors; unfinished files are removed.</param>
    /// <exception cref="ArgumentException">No such preset, or layers out of range.</exception>
    /// <exception cref="IOException">The directory is not empty, or the disk is full.</exception>
    public static void Write(
        string preset,
        int? layers,
        int seed,
        DType dtype,
        string outputDirectory,
        IProgress<LoadProgress>? progress = null,
        CancellationToken cancellationToken = default) =>
        Write(SynthPreset.Named(preset), layers, seed, dtype, outputDirectory, MaxShardBytes, progress, cancellationToken);

    internal static void Write(
        SynthPreset preset,
        int? layers,
        int seed,
        DType dtype,
        string outputDirectory,
        long maxShardBytes,
        IProgress<LoadProgress>? progress,
        CancellationToken cancellationToken)
    {
        var layerCount = LayersOf(preset, layers);
        RequireEmpty(outputDirectory);
        SynthFiles.Write(outputDirectory, preset, layerCount, dtype);
        var config = ModelConfig.Load(outputDirectory);
        var shards = Shards(SynthTensor.All(config), dtype, maxShardBytes);
        if (shards.Count > 1)
            WriteIndex(outputDirectory, shards, dtype);

        var writing = new SynthShardWriting(
            seed, dtype, progress, shards.SelectMany(shard => shard).Sum(tensor => tensor.Count * dtype.Bytes()));
        foreach (var (number, shard) in shards.Index())
            writing.Write(Path.Combine(outputDirectory, FileName(number, shards.Count)), shard, cancellationToken);
    }

    /// <summary>Writes a GGUF file: the same weights before they are rounded, in the types that llama.cpp gives such a file.</summary>
    /// <param name="preset">Name of a <see cref="SynthPreset"/>.</param>
    /// <param name="layers">Decoder layers, 1 to 4096; null = the preset's own number.</param>
    /// <param name="seed">Of the random numbers.</param>
    /// <param name="kind">One of <see cref="ModelFiles.GgufKinds"/>.</param>
    /// <param name="output">The file; it appears when it is complete.</param>
    /// <param name="overwrite">Whether a file that is there is replaced.</param>
    /// <param name="progress">Told now and then; null = nobody.</param>
    /// <param name="cancellationToken">Stops between rows; nothing is left of the file.</param>
    /// <exception cref="ArgumentException">No such preset or kind, or layers out of range.</exception>
    /// <exception cref="IOException">The file is there already, or cannot be written.</exception>
    public static void WriteGguf(
        string preset,
        int? layers,
        int seed,
        string kind,
        string output,
        bool overwrite = false,
        IProgress<LoadProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        var named = SynthPreset.Named(preset);
        var contents = SynthFiles.Contents(named, LayersOf(named, layers), DType.BF16);
        var files = new ModelFolder(output, named.Name, () => contents);
        var tensors = SynthTensor.All(ModelConfig.Load(files))
            .ToDictionary(tensor => tensor.Name, tensor => (Tensor: tensor, Numbers: new NormalNumbers(seed, tensor.Name)));
        ModelFiles.ExportGguf(files, Fill, output, kind, overwrite, progress, cancellationToken);

        void Fill(string name, int firstRow, Span<float> rows)
        {
            var (tensor, numbers) = tensors[name];
            numbers.Fill(firstRow * tensor.Shape[^1], rows, tensor.Mean, tensor.Deviation);
        }
    }

    private static int LayersOf(SynthPreset preset, int? layers)
    {
        var count = layers ?? preset.NumHiddenLayers;
        return count is >= 1 and <= MaxLayers
            ? count
            : throw new ArgumentException($"layers: expected 1 to {MaxLayers}, found {count}.", nameof(layers));
    }

    // Weights of another model beside the new ones would make one broken model of two.
    private static void RequireEmpty(string directory)
    {
        Directory.CreateDirectory(directory);
        if (Directory.EnumerateFileSystemEntries(directory).FirstOrDefault() is { } entry)
            throw new IOException($"{directory}: expected an empty directory, found {Path.GetFileName(entry)}.");
    }

    private static List<List<SynthTensor>> Shards(IReadOnlyList<SynthTensor> tensors, DType dtype, long maxBytes)
    {
        var shards = new List<List<SynthTensor>> { new() };
        long bytes = 0;
        foreach (var tensor in tensors)
        {
            var size = tensor.Count * dtype.Bytes();
            if (bytes > 0 && bytes + size > maxBytes)
            {
                shards.Add([]);
                bytes = 0;
            }

            shards[^1].Add(tensor);
            bytes += size;
        }

        return shards;
    }

    private static string FileName(int number, int count) =>
        count == 1 ? "model.safetensors" : $"model-{number + 1:D5}-of-{count:D5}.safetensors";

    private static void WriteIndex(string directory, List<List<SynthTensor>> shards, DType dtype)
    {
        var map = new JsonObject();
        foreach (var (number, shard) in shards.Index())
            shard.ForEach(tensor => map.Add(tensor.Name, FileName(number, shards.Count)));

        var bytes = shards.SelectMany(shard => shard).Sum(tensor => tensor.Count * dtype.Bytes());
        File.WriteAllBytes(Path.Combine(directory, "model.safetensors.index.json"), SynthFiles.Bytes(new JsonObject
        {
            ["metadata"] = new JsonObject { ["total_size"] = bytes },
            ["weight_map"] = map,
        }));
    }
}
