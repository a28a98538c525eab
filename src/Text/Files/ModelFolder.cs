using System.Text;
using System.Text.Json;

namespace AkkaCp.Text.Files;

/// <summary>
/// A model's small files: those of a directory in Hugging Face's layout, or the same ones made from a file that holds a whole model. They
/// are read once, whoever asks for them and however often, until <see cref="Forget"/>. Serves one thread at a time.
/// </summary>
public sealed class ModelFolder
{
    private readonly Dictionary<string, byte[]> _read = new(StringComparer.Ordinal);
    private readonly Func<IReadOnlyDictionary<string, byte[]>>? _contents;
    private readonly string? _name;
    private bool _isComplete;

    /// <summary>The files of a directory.</summary>
    /// <param name="path">The directory, in Hugging Face's layout.</param>
    public ModelFolder(string path) => Path = path ?? throw new ArgumentNullException(nameof(path));

    /// <summary>The files that one file stands for.</summary>
    /// <param name="path">That file.</param>
    /// <param name="name">The model's name.</param>
    /// <param name="contents">Makes all of them by their names in Hugging Face's layout; called when one is asked for.</param>
    internal ModelFolder(string path, string name, Func<IReadOnlyDictionary<string, byte[]>> contents) =>
        (Path, _name, _contents) = (path, name, contents);

    /// <summary>The directory, or the file that holds the model.</summary>
    public string Path { get; }

    /// <summary>What the model is called by where it lies.</summary>
    public string Name => _name ?? new DirectoryInfo(Path).Name;

    /// <summary>A directory whose files are read for one reader alone.</summary>
    public static implicit operator ModelFolder(string path) => new(path);

    /// <summary>Lets go of what was read: who asks from now on reads anew.</summary>
    public void Forget()
    {
        _read.Clear();
        _isComplete = false;
    }

    /// <summary>What errors call a file; its path in a directory.</summary>
    internal string PathOf(string name) => _contents is null ? System.IO.Path.Combine(Path, name) : $"{Path}#{name}";

    /// <summary>As <see cref="ModelFile.Exists"/>.</summary>
    /// <exception cref="ModelFormatException">The file that holds the model cannot be read.</exception>
    internal bool Has(string name) => Known(name) || (_contents is null && ModelFile.Exists(PathOf(name)));

    /// <summary>Names of the files of a folder inside with an ending, in order.</summary>
    /// <exception cref="ModelFormatException">The file that holds the model cannot be read.</exception>
    internal IReadOnlyList<string> FilesIn(string folder, string ending)
    {
        if (_contents is null)
        {
            var path = PathOf(folder);
            return Directory.Exists(path) ? [.. Directory.GetFiles(path, "*" + ending).Select(NameIn)] : [];
        }

        Known(folder);
        return [.. _read.Keys.Where(name => name.StartsWith(folder + "/", StringComparison.Ordinal)
            && name.EndsWith(ending, StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

        string NameIn(string file) => System.IO.Path.Combine(folder, System.IO.Path.GetFileName(file));
    }

    /// <exception cref="ModelFormatException">There is no such file, or it cannot be read, or it is too large.</exception>
    internal byte[] Read(string name)
    {
        if (Known(name))
            return _read[name];
        if (_contents is not null)
            throw new ModelFormatException(Path, name, "a file that has it", "none of it");
        var bytes = ModelFile.Read(PathOf(name));
        _read.Add(name, bytes);
        return bytes;
    }

    /// <exception cref="ModelFormatException">As <see cref="Read"/>, or the bytes are no UTF-8.</exception>
    internal string ReadText(string name)
    {
        var bytes = Read(name);
        Utf8Text.Require(PathOf(name), bytes);
        return Encoding.UTF8.GetString(bytes);
    }

    /// <exception cref="ModelFormatException">As <see cref="Read"/>, or the bytes are no JSON in UTF-8: with the place.</exception>
    internal JsonDocument ReadJson(string name) => ModelJson.Parse(PathOf(name), Read(name));

    /// <summary>Whether a file was read; a file that holds the model is read whole for any of them.</summary>
    private bool Known(string name)
    {
        if (_contents is not null && !_isComplete)
        {
            foreach (var (file, bytes) in _contents())
                _read.Add(file, bytes);
            _isComplete = true;
        }

        return _read.ContainsKey(name);
    }
}
