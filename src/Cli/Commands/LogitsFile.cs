using System.Buffers.Binary;
using System.Runtime.InteropServices;
using AkkaCp.Cli.Output;
using Microsoft.Win32.SafeHandles;

namespace AkkaCp.Cli;

/// <summary>
/// A file of logits that is filled row by row, in any order and by several threads. It grows under a temporary name and takes its
/// own when it is complete, so that a file of that name is never half of one. Into a pipe or standard output it is copied then.
/// </summary>
internal sealed class LogitsFile : IDisposable
{
    private readonly string _path;
    private readonly OutputPipe? _pipe;
    private readonly string _temporary;
    private readonly bool _keepsName;
    private readonly SafeFileHandle _handle;
    private int _rows;
    private bool _completed;

    /// <summary>Creates the temporary file.</summary>
    /// <param name="path">Its own name; <c>-</c> is standard output.</param>
    /// <param name="outputUnread">Cancelled when nobody reads standard output any more.</param>
    /// <exception cref="UsageException">It cannot be created there.</exception>
    public LogitsFile(string path, CancellationToken outputUnread)
    {
        _pipe = OutputPipe.TryOpen(path, outputUnread);
        _path = Path.GetFullPath(path);
        if (_pipe is null && Directory.Exists(_path))
            throw new UsageException($"--output: expected a file, found the directory {_path}");
        _keepsName = _pipe is not null || IsLinkOrDevice(new FileInfo(_path));
        _temporary = $"{(_keepsName ? Path.Combine(Path.GetTempPath(), "akkacp-logits") : _path)}.{Guid.NewGuid():N}.tmp";
        try
        {
            _handle = File.OpenHandle(_temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, FileOptions.Asynchronous);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--output: expected a file that can be written, found: {error.Message}");
        }
    }

    /// <summary>Cancelled when nobody reads the pipe that the path names.</summary>
    public CancellationToken Unread => _pipe?.Unread ?? CancellationToken.None;

    /// <summary>Writes a position's row.</summary>
    public void Write(int position, ReadOnlySpan<float> logits)
    {
        var offset = (long)position * logits.Length * sizeof(float);
        if (BitConverter.IsLittleEndian)
            RandomAccess.Write(_handle, MemoryMarshal.AsBytes(logits), offset);
        else
            RandomAccess.Write(_handle, LittleEndian(logits), offset);
        Interlocked.Increment(ref _rows);
    }

    /// <summary>Gives the file its name.</summary>
    /// <exception cref="InvalidDataException">Not every position was written exactly once.</exception>
    /// <exception cref="UnreadOutputException">It is a pipe that nobody reads to its end.</exception>
    public void Complete(int positions)
    {
        if (_rows != positions)
            throw new InvalidDataException($"logits: expected {positions} rows, one for each position, found {_rows}");
        _handle.Dispose();
        if (_keepsName)
        {
            CopyThrough();
            return;
        }

        File.Move(_temporary, _path, overwrite: true);
        _completed = true;
    }

    /// <summary>Removes the file unless it is complete.</summary>
    public void Dispose()
    {
        _handle.Dispose();
        _pipe?.Dispose();
        if (!_completed)
            File.Delete(_temporary);
    }

    // Taking the name of /dev/null, of a pipe or of a link would destroy it: these are written to. Devices and pipes have no length.
    private static bool IsLinkOrDevice(FileInfo target) => target.Exists && (target.LinkTarget is not null || target.Length == 0);

    private void CopyThrough()
    {
        using var source = File.OpenRead(_temporary);
        if (_pipe is not null)
        {
            _pipe.CopyFrom(source);
            return;
        }

        using var target = new FileStream(_path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite);
        source.CopyTo(target);
    }

    private static byte[] LittleEndian(ReadOnlySpan<float> logits)
    {
        var bytes = new byte[logits.Length * sizeof(float)];
        for (var i = 0; i < logits.Length; i++)
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), logits[i]);
        return bytes;
    }
}
