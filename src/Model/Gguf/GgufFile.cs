using System.Security.Cryptography;
using AkkaCp.Model.Weights.Sources;
using AkkaCp.Text.Files;

namespace AkkaCp.Model.Gguf;

/// <summary>One GGUF file, open for reading: a whole model, or one part of a split one. Thread-safe.</summary>
internal sealed class GgufFile : IDisposable
{
    private readonly StoredFile _file;
    private readonly GgufHeader _header;

    private GgufFile(StoredFile file)
    {
        _file = file;
        _header = GgufHeader.Read(file);
    }

    public string Path => _file.Path;

    public GgufMetadata Metadata => _header.Metadata;

    public IReadOnlyList<GgufTensor> Tensors => _header.Tensors;

    /// <summary>SHA-256 of the header's bytes.</summary>
    public byte[] HeaderHash => SHA256.HashData(_header.Bytes.Span);

    /// <exception cref="ModelFormatException">The file cannot be read or breaks the format.</exception>
    public static GgufFile Open(string path)
    {
        var file = StoredFile.Open(path);
        try
        {
            return new GgufFile(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Reads bytes of the data; <paramref name="tensor"/> names them in errors.</summary>
    /// <exception cref="ModelFormatException">The file changed its length.</exception>
    public void Read(string tensor, long offset, Span<byte> destination) => _file.Read(tensor, _header.DataStart + offset, destination);

    public void Dispose() => _file.Dispose();
}
