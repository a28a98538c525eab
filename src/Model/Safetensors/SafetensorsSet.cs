using System.Globalization;
using System.IO.Hashing;
using System.Security.Cryptography;
using System.Text;
using AkkaCp.Text.Files;

namespace AkkaCp.Model.Safetensors;

/// <summary>
/// The weights of a model directory: model.safetensors, or the shards that model.safetensors.index.json names. Thread-safe.
/// </summary>
public sealed class SafetensorsSet : IDisposable
{
    private const string SingleFile = "model.safetensors";

    private readonly List<SafetensorsFile> _files;
    private readonly Dictionary<string, SafetensorsFile> _fileOf = new(StringComparer.Ordinal);

    private SafetensorsSet(string directory, List<SafetensorsFile> files)
    {
        Directory = directory;
        _files = files;
        foreach (var file in files)
        {
            foreach (var tensor in file.Tensors.Keys)
            {
                if (!_fileOf.TryAdd(tensor, file))
                {
                    throw new SafetensorsException(
                        file.Path, tensor, "a tensor in one shard", $"it in {_fileOf[tensor].Path} too");
                }
            }
        }
    }

    /// <summary>Full path of the model directory.</summary>
    public string Directory { get; }

    /// <summary>The open files, by path.</summary>
    public IReadOnlyList<SafetensorsFile> Files => _files;

    /// <summary>Names of all tensors.</summary>
    public IReadOnlyCollection<string> TensorNames => _fileOf.Keys;

    /// <summary>Opens and checks all files of a model directory. An index, where there is one, wins over a single file.</summary>
    /// <exception cref="SafetensorsException">No weights, or weights that break the format or the index.</exception>
    public static SafetensorsSet Open(string modelDirectory)
    {
        var directory = Path.GetFullPath(modelDirectory);
        var index = SafetensorsIndex.Read(directory);
        if (index is null && !ModelFile.Exists(Path.Combine(directory, SingleFile)))
            throw new SafetensorsException(directory, "weights", $"{SingleFile} or {SafetensorsIndex.FileName}", "neither");

        var files = new List<SafetensorsFile>();
        try
        {
            foreach (var path in index?.ShardPaths ?? [Path.Combine(directory, SingleFile)])
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

    /// <summary>The file that holds a tensor, or null when none does.</summary>
    public SafetensorsFile? FileOf(string tensor) => _fileOf.GetValueOrDefault(tensor);

    /// <summary>
    /// SHA-256 in hex over the names and headers of all files: tells models of other shape, type or naming apart without reading
    /// weights.
    /// </summary>
    public string HeaderHash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in _files)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(Path.GetFileName(file.Path)));
            hash.AppendData(file.HeaderHash.Span);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>
    /// XxHash128 in hex over names, types and shapes of all tensors: the same for copies that are cut into other files.
    /// </summary>
    public string TensorsHash()
    {
        var hash = new XxHash128();
        foreach (var name in _fileOf.Keys.Order(StringComparer.Ordinal))
        {
            var tensor = _fileOf[name].Tensor(name);
            hash.Append(Encoding.UTF8.GetBytes($"{name} {tensor.DType} {tensor.ShapeText}\n"));
        }

        return hash.GetCurrentHashAsUInt128().ToString("x32", CultureInfo.InvariantCulture);
    }

    /// <summary>
    /// Reads every float of every tensor and yields those tensors that hold NaN or infinity, with how many.
    /// </summary>
    /// <exception cref="SafetensorsException">A file changed its length.</exception>
    public IEnumerable<(string Tensor, long Count)> FindNonFinite(CancellationToken cancellationToken = default)
    {
        foreach (var file in _files)
        {
            foreach (var tensor in file.Tensors.Values.Where(tensor => FloatConversion.ElementBytes(tensor.DType) is not null))
            {
                var count = NonFiniteScan.Count(file, tensor, cancellationToken);
                if (count > 0)
                    yield return (tensor.Name, count);
            }
        }
    }

    /// <summary>Closes all files.</summary>
    public void Dispose() => _files.ForEach(file => file.Dispose());
}
