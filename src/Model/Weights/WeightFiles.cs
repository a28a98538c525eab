using System.Globalization;
using System.IO.Hashing;
using System.Text;
using AkkaCp.Model.Configuration;
using AkkaCp.Model.Gguf;
using AkkaCp.Model.Quantized;
using AkkaCp.Model.Safetensors;
using AkkaCp.Model.Weights.Sources;
using AkkaCp.Npu;
using AkkaCp.Text.Files;

namespace AkkaCp.Model.Weights;

/// <summary>A model's weights, and whether they are those of its config.json.</summary>
public static class WeightFiles
{
    /// <summary>Opens the weights, and checks what their files say of them. Only here is it known which formats there are.</summary>
    /// <param name="path">Model directory with weights, or GGUF file.</param>
    /// <exception cref="ModelFormatException">No weights, or a file that cannot be read or breaks the format.</exception>
    /// <exception cref="ModelConfigException">Quantised tensors that config.json says otherwise of.</exception>
    public static IWeightSource Open(string path) =>
        GgufParts.IsGguf(path) ? GgufWeights.Open(path) : QuantizedWeights.Over(SafetensorsSet.Open(path));

    /// <summary>
    /// XxHash128 in hex over names, types and shapes of all tensors: the same for copies that are cut into other files.
    /// </summary>
    public static string TensorsHash(this IWeightSource files)
    {
        var hash = new XxHash128();
        foreach (var tensor in files.Tensors.OrderBy(tensor => tensor.Name, StringComparer.Ordinal))
            hash.Append(Encoding.UTF8.GetBytes($"{tensor.Name} {tensor.Type.Name} {tensor.ShapeText}\n"));
        return hash.GetCurrentHashAsUInt128().ToString("x32", CultureInfo.InvariantCulture);
    }

    /// <summary>What the files hold of each type, the most first.</summary>
    public static IReadOnlyList<StoredType> StoredTypes(this IWeightSource files) =>
    [
        .. files.Tensors.GroupBy(tensor => tensor.Type)
            .Select(one => new StoredType(
                one.Key.Name, one.Sum(tensor => tensor.StoredBytes), one.Any(tensor => tensor.IsQuantised),
                [.. one.Select(tensor => PlaceOf(tensor.Name)).Distinct()]))
            .OrderByDescending(type => type.Bytes),
    ];

    /// <summary>A tensor's name without the numbers of layer and expert.</summary>
    internal static string PlaceOf(string tensor) => string.Join('.', tensor.Split('.')
        .Where(part => part is not ("model" or "layers" or "weight") && !part.All(char.IsAsciiDigit)));

    /// <summary>
    /// Reads every float of every tensor and yields those tensors that hold NaN or infinity, with how many.
    /// </summary>
    /// <exception cref="ModelFormatException">A file changed its length.</exception>
    public static IEnumerable<(string Tensor, long Count)> FindNonFinite(
        this IWeightSource files, CancellationToken cancellationToken = default) => files.Tensors
        .Where(tensor => tensor.Type.IsReadable)
        .Select(tensor => (tensor.Name, Count: NonFiniteScan.Count(files, tensor, cancellationToken)))
        .Where(found => found.Count > 0);

    /// <summary>Checks name, shape and type of every tensor that the model has.</summary>
    /// <param name="path">Model directory with weights, or GGUF file.</param>
    /// <param name="config">Its config.</param>
    /// <returns>Tensors that are passed over, as nothing of the model reads them.</returns>
    /// <exception cref="ModelConfigException">The weights have other dimensions than the config; all of them.</exception>
    /// <exception cref="ModelFormatException">
    /// A tensor is missing, has another shape or a type that is no float, or would change the result and is not read; or a file cannot be
    /// read or breaks the format.
    /// </exception>
    public static IReadOnlyList<string> Check(string path, ModelConfig config)
    {
        using var files = Open(path);
        TensorCheck.Run(files, config, ShardSpec.Whole, DType.F32);
        return TensorCoverage.Check(files, config);
    }

    /// <summary>Checks that the weights have the config's dimensions, so that what it asks for can be counted.</summary>
    /// <exception cref="ModelConfigException">They have others; all of them.</exception>
    public static void RequireDimensions(this IWeightSource files, ModelConfig config) => DimensionCheck.Run(files, config);
}

/// <summary>Compares what a rank asks for with what the files hold, before anything is read, and before all of it is planned.</summary>
internal static class TensorCheck
{
    /// <exception cref="ModelConfigException">The weights have other dimensions than the config; all of them.</exception>
    /// <exception cref="ModelFormatException">A tensor is missing, or has another shape or type.</exception>
    public static void Run(IWeightSource files, ModelConfig config, ShardSpec shard, MatrixTypes types)
    {
        DimensionCheck.Run(files, config);
        if (config.Quantization is { } quantisation && !files.Tensors.Any(tensor => tensor.IsQuantised))
        {
            throw new ModelConfigException(files.ConfigPath,
                [$"quantization_config: expected nothing, as no tensor is quantised, found {quantisation.Method}"]);
        }

        foreach (var piece in ShardPieces.PiecesOf(config, shard, types))
        {
            foreach (var slice in piece.Slices)
                Check(files, slice, types.PackedOf(slice) == piece.DType ? piece.DType : null);
        }
    }

    private static void Check(IWeightSource files, TensorSlice slice, DType? packed)
    {
        var expected = $"shape [{string.Join(", ", slice.Shape)}]";
        if (files.Find(slice.Tensor) is not { } tensor)
            throw new ModelFormatException(files.Path, slice.Tensor, $"a tensor of {expected}", "no tensor of this name");

        if (!tensor.Shape.SequenceEqual(slice.Shape))
            throw new ModelFormatException(tensor.File, slice.Tensor, expected, $"shape {tensor.ShapeText}");

        if (!tensor.Type.IsReadable)
            throw new ModelFormatException(tensor.File, slice.Tensor, $"dtype {files.ReadableTypes}", tensor.Type.Name);

        // The types are decided once in a start, for all of its ranks; a file may become another one meanwhile.
        if (packed is not null && files.PackedTypeOf(tensor) != packed)
            throw new ModelFormatException(tensor.File, slice.Tensor, $"blocks of {packed}, as it had before", tensor.Type.Name);
    }
}

/// <summary>
/// Tensors that no rank reads. One that belongs to what is computed (a bias, a shared expert, a scale of quantised weights) means that
/// the weights are another model's than config.json says; one beside it (a further head, further layers) is passed over.
/// </summary>
internal static class TensorCoverage
{
    private const string Bias = ".bias";
    private const int MostBias = 1 << 20;

    private static readonly string[] s_computedParts = ["model.embed_tokens.", "model.norm.", "lm_head."];

    // Buffers that older versions of transformers and runtimes with an 8-bit cache save along.
    private static readonly string[] s_harmlessEnds = [".rotary_emb.inv_freq", ".k_scale", ".v_scale", ".masked_bias"];

    /// <summary>Names of the tensors that are passed over, in order.</summary>
    /// <exception cref="ModelFormatException">A tensor that nothing reads would change the result.</exception>
    public static IReadOnlyList<string> Check(IWeightSource files, ModelConfig config)
    {
        var read = ShardPieces.PiecesOf(config, ShardSpec.Whole, DType.F32).SelectMany(piece => piece.Slices)
            .Select(slice => slice.Tensor).ToHashSet(StringComparer.Ordinal);
        var unread = files.Tensors.Select(tensor => tensor.Name).Where(name => !read.Contains(name)).Order(StringComparer.Ordinal).ToList();
        var changing = unread.Where(name => ChangesTheResult(name, config) && !IsZeroBias(name, files)).ToList();
        if (changing.Count > 0)
        {
            var more = changing.Count > 1 ? $" and {changing.Count - 1} more" : "";
            throw new ModelFormatException(
                files.Find(changing[0])!.File, changing[0], "only tensors that the model of config.json has", $"this one{more}");
        }

        return unread;
    }

    // The head of a model that shares it with the embedding is often saved a second time.
    private static bool ChangesTheResult(string name, ModelConfig config) =>
        !(name == "lm_head.weight" && config.TieWordEmbeddings)
        && !s_harmlessEnds.Any(end => name.EndsWith(end, StringComparison.Ordinal))
        && (Array.Exists(s_computedParts, part => name.StartsWith(part, StringComparison.Ordinal)) || IsInLayer(name, config));

    /// <summary>Programs that quantise write biases of zeros for layers that have none.</summary>
    private static bool IsZeroBias(string name, IWeightSource files)
    {
        if (!name.EndsWith(Bias, StringComparison.Ordinal) || files.Find(name[..^Bias.Length] + ".weight") is not { IsQuantised: true }
            || files.Find(name) is not { Type.IsReadable: true, Columns: <= MostBias } bias || bias.Rows != 1)
        {
            return false;
        }

        var values = new float[bias.Columns];
        files.ReadRows(name, 0, 1, 0, values.Length, values);
        return values.AsSpan().IndexOfAnyExcept(0f) < 0;
    }

    private static bool IsInLayer(string name, ModelConfig config) =>
        DimensionCheck.LayerOf(name) is >= 0 and var layer && layer < config.NumHiddenLayers;
}
