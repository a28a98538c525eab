using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AkkaCp.Model.Weights.Sources;
using AkkaCp.Text.Files;

namespace AkkaCp.Model.Safetensors;

/// <summary>
/// The weights of a model directory: model.safetensors, or the shards that model.safetensors.index.json names. Thread-safe.
/// </summary>
public sealed class SafetensorsSet : IWeightSource
{
    private const string SingleFile = "model.safetensors";

    private readonly List<SafetensorsFile> _files;
    private readonly Dictionary<string, SafetensorsFile> _fileOf = new(StringComparer.Ordinal);

    private readonly string _directory;

    private SafetensorsSet(string directory, List<SafetensorsFile> files)
    {
        _directory = directory;
        _files = files;
        foreach (var file in files)
        {
            foreach (var tensor in file.Tensors.Keys)
            {
                if (!_fileOf.TryAdd(tensor, file))
                {
                    throw new ModelFormatException(
                        file.Path, tensor, "a tensor in one shard", $"it in {_fileOf[tensor].Path} too");
                }
            }
        }
    }

    /// <inheritdoc/>
    public string Path => _files.Count == 1 ? _files[0].Path : _directory;

    /// <inheritdoc/>
    public string ConfigPath => System.IO.Path.Combine(_directory, "config.json");

    /// <inheritdoc/>
    public string Identity => $"{_directory} {HeaderHash()} {string.Join(',', _files.Select(
        file => File.GetLastWriteTimeUtc(file.Path).Ticks.ToString(CultureInfo.InvariantCulture)))}";

    /// <inheritdoc/>
    public string ReadableTypes => SafetensorsDTypes.Readable;

    /// <inheritdoc/>
    public IEnumerable<WeightTensor> Tensors => _files.SelectMany(file => file.Tensors.Values);

    /// <summary>Opens and checks all files of a model directory. An index, where there is one, wins over a single file.</summary>
    /// <exception cref="ModelFormatException">No weights, or weights that break the format or the index.</exception>
    public static SafetensorsSet Open(string modelDirectory)
    {
        var directory = System.IO.Path.GetFullPath(modelDirectory);
        var index = SafetensorsIndex.Read(directory);
        if (index is null && !ModelFile.Exists(System.IO.Path.Combine(directory, SingleFile)))
            throw new ModelFormatException(directory, "weights", $"{SingleFile} or {SafetensorsIndex.FileName}", "neither");

        var files = new List<SafetensorsFile>();
        try
        {
            foreach (var path in index?.ShardPaths ?? [System.IO.Path.Combine(directory, SingleFile)])
                files.Add(SafetensorsFile.Open(path));

            var set = new SafetensorsSet(directory, files);
            index?.Check(set);
            return set;
        }
        catch
        {
            files.ForEach(file => file.Dispose());
            throw;
        }
    }

    /// <inheritdoc/>
    public WeightTensor? Find(string tensor) => _fileOf.GetValueOrDefault(tensor)?.Tensor(tensor);

    /// <inheritdoc/>
    public void ReadRows(
        string tensor, long firstRow, int rowCount, long firstColumn, int columnCount, Span<float> destination,
        Action<ReadOnlySpan<byte>>? stored = null) =>
        FileOf(tensor).ReadRows(tensor, firstRow, rowCount, firstColumn, columnCount, destination, stored);

    /// <inheritdoc/>
    public void ReadStored(string tensor, long firstRow, int rowCount, long firstColumn, int columnCount, Span<byte> destination) =>
        FileOf(tensor).ReadStored(tensor, firstRow, rowCount, firstColumn, columnCount, destination);

    /// <summary>Closes all files.</summary>
    public void Dispose() => _files.ForEach(file => file.Dispose());

    private SafetensorsFile FileOf(string tensor) => _fileOf.TryGetValue(tensor, out var file)
        ? file
        : throw new ModelFormatException(Path, tensor, "a tensor of this name", "none");

    /// <summary>
    /// SHA-256 in hex over the names and headers of all files: tells models of other shape, type or naming apart without reading
    /// weights.
    /// </summary>
    private string HeaderHash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in _files)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(System.IO.Path.GetFileName(file.Path)));
            hash.AppendData(file.HeaderHash.Span);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
