using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AkkaCp.Model.Gguf.Blocks;
using AkkaCp.Model.Weights.Sources;
using AkkaCp.Npu;
using AkkaCp.Text.Files;

namespace AkkaCp.Model.Gguf;

/// <summary>
/// The weights of a GGUF file, or of all parts of a split one, under Hugging Face's names. Values of quantised types are those that the
/// type's formula gives, to the last bit.
/// </summary>
internal sealed class GgufWeights : IWeightSource
{
    // llama.cpp divides the frequencies of rotation by them.
    private const string RopePrefix = "rope_";

    // Experts of all layers, so that a file whose stacks claim millions of empty ones takes no memory for their names.
    private const long MostViews = 1 << 20;

    private readonly GgufSet _set;
    private readonly Dictionary<string, GgufView> _views = new(StringComparer.Ordinal);

    private GgufWeights(GgufSet set)
    {
        _set = set;
        foreach (var (file, tensor) in set.Tensors)
            Add(file, tensor);
    }

    /// <inheritdoc/>
    public string Path => _set.Path;

    /// <inheritdoc/>
    public string ConfigPath => _set.Path;

    /// <inheritdoc/>
    public string Identity => $"{_set.Path} {HeaderHash()} {string.Join(',', _set.Files.Select(
        file => File.GetLastWriteTimeUtc(file.Path).Ticks.ToString(CultureInfo.InvariantCulture)))}";

    /// <inheritdoc/>
    public string ReadableTypes => BlockTypes.Readable;

    /// <inheritdoc/>
    public IEnumerable<WeightTensor> Tensors => _views.Values;

    /// <exception cref="ModelFormatException">
    /// A file cannot be read, breaks the format, or has a tensor of a type that is not read.
    /// </exception>
    public static GgufWeights Open(string path)
    {
        var set = GgufSet.Open(path);
        try
        {
            return new GgufWeights(set);
        }
        catch
        {
            set.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public WeightTensor? Find(string tensor) => _views.GetValueOrDefault(tensor);

    /// <inheritdoc/>
    public void ReadRows(
        string tensor, long firstRow, int rowCount, long firstColumn, int columnCount, Span<float> destination,
        Action<ReadOnlySpan<byte>>? stored = null)
    {
        var part = new GgufRectangle(View(tensor), firstRow, rowCount, firstColumn, columnCount);
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, (long)rowCount * columnCount, nameof(destination));
        part.ReadValues(destination, stored);
    }

    /// <inheritdoc/>
    public void ReadGroups(
        string tensor, long firstRow, int rowCount, long firstColumn, int columnCount, in GroupRows destination,
        Action<ReadOnlySpan<byte>>? stored = null)
    {
        var view = View(tensor);
        if (view.Type.Packed is not { } groups || GroupFormat.Of(groups) is not { } format)
            throw new ArgumentException($"{tensor} is not made of groups.", nameof(tensor));
        var part = new GgufRectangle(view, firstRow, rowCount, firstColumn, columnCount);
        destination.RequireCount(format, (long)rowCount * columnCount);
        part.ReadGroups(destination, format, stored);
    }

    /// <inheritdoc/>
    public void ReadStored(string tensor, long firstRow, int rowCount, long firstColumn, int columnCount, Span<byte> destination)
    {
        var part = new GgufRectangle(View(tensor), firstRow, rowCount, firstColumn, columnCount);
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, rowCount * part.RowBytes, nameof(destination));
        part.ReadStored(destination);
    }

    /// <summary>Closes all files.</summary>
    public void Dispose() => _set.Dispose();

    private void Add(GgufFile file, GgufTensor tensor)
    {
        if (tensor.Name.StartsWith(RopePrefix, StringComparison.Ordinal))
            throw new ModelFormatException(file.Path, tensor.Name, "no factors of rotation, which cannot be done", "some");
        foreach (var view in GgufView.Of(file, tensor))
        {
            if (!_views.TryAdd(view.Name, view))
                throw new ModelFormatException(file.Path, view.Source, $"{view.Name} once", $"it in {_views[view.Name].Source} too");
            if (_views.Count > MostViews)
                throw new ModelFormatException(file.Path, view.Source, $"at most {MostViews} matrices", "more");
        }
    }

    private GgufView View(string tensor) => _views.TryGetValue(tensor, out var view)
        ? view
        : throw new ModelFormatException(Path, tensor, "a tensor of this name", "none");

    /// <summary>SHA-256 in hex over the names and headers of all files.</summary>
    private string HeaderHash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in _set.Files)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(System.IO.Path.GetFileName(file.Path)));
            hash.AppendData(file.HeaderHash);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
