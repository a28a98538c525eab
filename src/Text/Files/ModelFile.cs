namespace AkkaCp.Text.Files;

/// <summary>
/// Reads a small file of a model directory whole. Whatever keeps it from being read or being text is a
/// <see cref="ModelFormatException"/> that names the file.
/// </summary>
internal static class ModelFile
{
    /// <summary>Four times the largest tokenizer.json in use; a larger file is refused before it is read.</summary>
    public const int MaxBytes = 64 << 20;

    private const string Whole = "the file";

    /// <summary>Whether anything has this path: also a folder, or a link to nothing, which reading then refuses.</summary>
    public static bool Exists(string path) => Path.Exists(path) || new FileInfo(path).LinkTarget is not null;

    /// <summary>The bytes of a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="maxBytes">Most bytes that it may have.</param>
    /// <exception cref="ModelFormatException">There is no such file, or it cannot be read, or it is too large.</exception>
    public static byte[] Read(string path, int maxBytes = MaxBytes)
    {
        if (FileKind.OtherThanFile(path) is { } other)
            throw new ModelFormatException(path, Whole, "a file", other);
        try
        {
            using var handle = File.OpenHandle(path, options: FileOptions.SequentialScan);
            var length = RandomAccess.GetLength(handle);
            return length <= maxBytes
                ? Read(handle, (int)length)
                : throw new ModelFormatException(path, Whole, $"at most {maxBytes} bytes", $"{length} bytes");
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ModelFormatException(path, Whole, "a readable file", "no file", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new ModelFormatException(path, Whole, "a readable file", error.Message.TrimEnd('.'), error);
        }
    }

    private static byte[] Read(Microsoft.Win32.SafeHandles.SafeFileHandle handle, int length)
    {
        var bytes = new byte[length];
        var done = 0;
        for (var read = -1; read != 0 && done < length; done += read)
            read = RandomAccess.Read(handle, bytes.AsSpan(done), done);
        return done == length ? bytes : bytes[..done];
    }
}
