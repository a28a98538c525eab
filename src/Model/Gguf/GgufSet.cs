using AkkaCp.Text.Files;

namespace AkkaCp.Model.Gguf;

/// <summary>All files of one model, in their order; the first has the model's metadata. Any part opens all of them.</summary>
internal sealed class GgufSet : IDisposable
{
    private const string Number = "split.no";
    private const string Count = "split.count";
    private const string TensorCount = "split.tensors.count";

    private readonly List<GgufFile> _files = [];

    private GgufSet(string path) => Path = path;

    /// <summary>Full path of the part that was named.</summary>
    public string Path { get; }

    public IReadOnlyList<GgufFile> Files => _files;

    public GgufMetadata Metadata => _files[0].Metadata;

    /// <summary>All tensors with the files that hold them.</summary>
    public IEnumerable<(GgufFile File, GgufTensor Tensor)> Tensors =>
        _files.SelectMany(file => file.Tensors.Select(tensor => (file, tensor)));

    /// <exception cref="ModelFormatException">A part is missing, breaks the format, or is another model's.</exception>
    public static GgufSet Open(string path)
    {
        var set = new GgufSet(System.IO.Path.GetFullPath(path));
        try
        {
            foreach (var part in GgufParts.Of(set.Path))
                set._files.Add(GgufFile.Open(part));
            set.RequireParts();
            set.RequireTensors();
            return set;
        }
        catch
        {
            set.Dispose();
            throw;
        }
    }

    public void Dispose() => _files.ForEach(file => file.Dispose());

    private void RequireParts()
    {
        for (var i = 0; i < _files.Count; i++)
        {
            // A file that is not split may say so, or nothing.
            var metadata = _files[i].Metadata;
            if (_files.Count == 1 && !metadata.Has(Count))
                return;
            if (metadata.Integer(Count) is var count && count != _files.Count)
                throw metadata.Wrong(Count, $"{_files.Count}, the parts that the file's name counts", $"{count?.ToString() ?? "nothing"}");
            if (metadata.Integer(Number) is var number && number != i)
                throw metadata.Wrong(Number, $"{i}, as the file's name has it, counted from 0", $"{number?.ToString() ?? "nothing"}");
        }
    }

    private void RequireTensors()
    {
        var fileOf = new Dictionary<string, GgufFile>(StringComparer.Ordinal);
        foreach (var (file, tensor) in Tensors)
        {
            if (!fileOf.TryAdd(tensor.Name, file))
                throw new ModelFormatException(file.Path, tensor.Name, "a tensor in one part", $"it in {fileOf[tensor.Name].Path} too");
        }

        if (Metadata.Integer(TensorCount) is { } wanted && wanted != fileOf.Count)
            throw Metadata.Wrong(TensorCount, $"{fileOf.Count}, the tensors of all parts", $"{wanted}");
    }
}
