using System.Text;
using System.Text.Json;

namespace AkkaCp.Text.Files;

/// <summary>
/// A model directory. Its small files are read once, whoever asks for them and however often, until <see cref="Forget"/>. Serves one
/// thread at a time.
/// </summary>
/// <param name="path">The directory, in Hugging Face's layout.</param>
public sealed class ModelFolder(string path)
{
    private readonly Dictionary<string, byte[]> _read = new(StringComparer.Ordinal);

    /// <summary>The directory.</summary>
    public string Path { get; } = path ?? throw new ArgumentNullException(nameof(path));

    /// <summary>A directory whose files are read for one reader alone.</summary>
    public static implicit operator ModelFolder(string path) => new(path);

    /// <summary>Lets go of what was read: who asks from now on reads anew.</summary>
    public void Forget() => _read.Clear();

    internal string PathOf(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>As <see cref="ModelFile.Exists"/>.</summary>
    internal bool Has(string name) => _read.ContainsKey(name) || ModelFile.Exists(PathOf(name));

    /// <exception cref="ModelFormatException">There is no such file, or it cannot be read, or it is too large.</exception>
    internal byte[] Read(string name)
    {
        if (!_read.TryGetValue(name, out var bytes))
            _read.Add(name, bytes = ModelFile.Read(PathOf(name)));
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
}
