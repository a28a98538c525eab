using AkkaCp.Text.Files;
using Microsoft.Win32.SafeHandles;

namespace AkkaCp.Model.Weights.Sources;

/// <summary>
/// A file of weights, open for positioned reads into memory of our own. It is never mapped, so a file that shrinks meanwhile ends in an
/// error and not in a signal. Thread-safe.
/// </summary>
internal sealed class StoredFile : IDisposable
{
    private const string Header = "header";

    private readonly SafeFileHandle _handle;

    private StoredFile(string path, SafeFileHandle handle)
    {
        Path = path;
        _handle = handle;
        Length = RandomAccess.GetLength(handle);
    }

    /// <summary>Path as given to <see cref="Open"/>.</summary>
    public string Path { get; }

    /// <summary>Bytes when it was opened.</summary>
    public long Length { get; }

    /// <summary>Opens a file.</summary>
    /// <exception cref="ModelFormatException">There is no such file, or it cannot be read.</exception>
    public static StoredFile Open(string path)
    {
        if (FileKind.OtherThanFile(path) is { } other)
            throw new ModelFormatException(path, Header, "a file", other);

        SafeFileHandle handle;
        try
        {
            handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.RandomAccess);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ModelFormatException(path, Header, "a readable file", error.Message.TrimEnd('.'), error);
        }

        try
        {
            return new StoredFile(path, handle);
        }
        catch (NotSupportedException error)
        {
            handle.Dispose();
            throw new ModelFormatException(path, Header, "a file with a length", error.Message.TrimEnd('.'), error);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Fills the destination.</summary>
    /// <param name="where">Tensor or part of the file, for errors.</param>
    /// <param name="position">First byte.</param>
    /// <param name="destination">What is wanted.</param>
    /// <exception cref="ModelFormatException">
    /// The file has another length than when it was opened, or the disk does not give it.
    /// </exception>
    public void Read(string where, long position, Span<byte> destination)
    {
        var wanted = destination.Length;
        var length = RandomAccess.GetLength(_handle);
        if (length != Length)
            throw new ModelFormatException(Path, where, $"a file of {Length} bytes, as when it was opened", $"{length} bytes");

        while (!destination.IsEmpty)
        {
            var read = ReadSome(where, position, destination);
            if (read == 0)
            {
                throw new ModelFormatException(
                    Path, where, $"{wanted} bytes", $"the file's end after {wanted - destination.Length}");
            }

            destination = destination[read..];
            position += read;
        }
    }

    public void Dispose() => _handle.Dispose();

    private int ReadSome(string where, long position, Span<byte> destination)
    {
        try
        {
            return RandomAccess.Read(_handle, destination, position);
        }
        catch (IOException error)
        {
            throw new ModelFormatException(Path, where, "bytes that the disk gives", error.Message.TrimEnd('.'), error);
        }
    }
}
