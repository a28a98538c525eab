using System.Text.Json;
using AkkaCp.Text.Files;

namespace AkkaCp.Model.Safetensors;

/// <summary>model.safetensors.index.json: which shard holds which tensor. Shards are confined to the model directory.</summary>
internal sealed class SafetensorsIndex
{
    public const string FileName = "model.safetensors.index.json";

    private readonly string _file;
    private readonly string _directory;
    private readonly SortedDictionary<string, string> _shardOf = new(StringComparer.Ordinal);

    private SafetensorsIndex(string directory)
    {
        _directory = directory;
        _file = Path.Combine(directory, FileName);
    }

    /// <summary>Full path of each shard once, in order of name.</summary>
    public IEnumerable<string> ShardPaths =>
        _shardOf.Values
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal)
            .Select(shard => Path.Combine(_directory, shard));

    /// <summary>Reads the index of a directory; null when it has none.</summary>
    public static SafetensorsIndex? Read(string directory)
    {
        var index = new SafetensorsIndex(directory);
        if (!ModelFile.Exists(index._file))
            return null;

        index.ReadMap();
        foreach (var (tensor, shard) in index._shardOf)
            index.Confine(tensor, shard);

        return index;
    }

    /// <summary>Each tensor of the map lies in the shard that the map names, and no shard has one more.</summary>
    public void Check(SafetensorsSet set)
    {
        foreach (var (tensor, shard) in _shardOf)
        {
            if (set.Find(tensor) is not { } found)
                throw Error(tensor, $"the tensor in {shard}", "it in no shard");

            if (Path.GetFileName(found.File) != shard)
                throw Error(tensor, $"the tensor in {shard}", $"it in {Path.GetFileName(found.File)}");
        }

        foreach (var tensor in set.Tensors)
        {
            if (!_shardOf.ContainsKey(tensor.Name))
            {
                throw Error(
                    tensor.Name, "an entry of weight_map", $"none, though {Path.GetFileName(tensor.File)} holds it");
            }
        }
    }

    private void ReadMap()
    {
        using var document = ModelJson.Read(_file, SafetensorsHeader.MaxBytes);
        if (document.RootElement.ValueKind != JsonValueKind.Object
            || !document.RootElement.TryGetProperty("weight_map", out var map) || map.ValueKind != JsonValueKind.Object)
        {
            throw Error("weight_map", "an object from tensor to file name", "none");
        }

        foreach (var entry in map.EnumerateObject())
        {
            _shardOf.Add(entry.Name, entry.Value.ValueKind == JsonValueKind.String
                ? entry.Value.GetString()!
                : throw Error(entry.Name, "a file name", entry.Value.GetRawText()));
        }

        if (_shardOf.Count == 0)
            throw Error("weight_map", "at least one tensor", "none");
    }

    private void Confine(string tensor, string shard)
    {
        if (shard is "" or "." or ".." || shard.AsSpan().IndexOfAny('/', '\\', '\0') >= 0 || Path.IsPathRooted(shard))
            throw Error(tensor, "the plain name of a file in the model directory", $"\"{shard}\"");

        var path = Path.Combine(_directory, shard);
        if (!File.Exists(path))
            throw Error(tensor, $"the shard {shard}", "no such file");

        var real = RealOf(tensor, path);
        if (!AllowedFolders().Any(folder => RealPath.IsInside(real, folder)))
            throw Error(tensor, $"{shard} to stay inside the model directory", $"a link to {real}");
    }

    private string RealOf(string tensor, string path)
    {
        try
        {
            return RealPath.Of(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ModelFormatException(_file, tensor, "a shard whose links can be followed", error.Message.TrimEnd('.'), error);
        }
    }

    // The Hugging Face cache keeps files as links: <repo>/snapshots/<revision>/<name> → <repo>/blobs/<hash>.
    private IEnumerable<string> AllowedFolders()
    {
        var real = RealPath.Of(_directory);
        yield return real;
        if (Path.GetDirectoryName(real) is { } parent && Path.GetFileName(parent) == "snapshots")
            yield return RealPath.Of(Path.Combine(Path.GetDirectoryName(parent)!, "blobs"));
    }

    private ModelFormatException Error(string tensor, string expected, string found) => new(_file, tensor, expected, found);
}
