using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace AkkaCp.Serving;

/// <summary>
/// A file of logits that is filled row by row, in any order and by several threads. It grows under a temporary name and takes its
/// own when it is complete, so that a file of that name is never half of one.
/// </summary>
internal sealed class LogitsFile : IDisposable
{
    private readonly string _path;
    private readonly string _temporary;
    private readonly int _vocabSize;
    private readonly SafeFileHandle _handle;
    private int _rows;
    private bool _completed;

    /// <summary>Creates the temporary file.</summary>
    /// <exception cref="UsageException">It cannot be created there.</exception>
    public LogitsFile(string path, int vocabSize)
    {
        _path = Path.GetFullPath(path);
        _temporary = $"{_path}.{Guid.NewGuid():N}.tmp";
        _vocabSize = vocabSize;
        try
        {
            _handle = File.OpenHandle(_temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, FileOptions.Asynchronous);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--output: expected a file that can be written, found: {error.Message}");
        }
    }

    /// <summary>Writes a position's row.</summary>
    public void Write(int position, ReadOnlySpan<float> logits)
    {
        var offset = (long)position * _vocabSize * sizeof(float);
        if (BitConverter.IsLittleEndian)
            RandomAccess.Write(_handle, MemoryMarshal.AsBytes(logits), offset);
        else
            RandomAccess.Write(_handle, LittleEndian(logits), offset);
        Interlocked.Increment(ref _rows);
    }

    /// <summary>Gives the file its name.</summary>
    /// <exception cref="InvalidDataException">Not every position was written exactly once.</exception>
    public void Complete(int positions)
    {
        if (_rows != positions)
            throw new InvalidDataException($"logits: expected {positions} rows, one for each position, found {_rows}");
        _handle.Dispose();
        File.Move(_temporary, _path, overwrite: true);
        _completed = true;
    }

    /// <summary>Removes the file unless it is complete.</summary>
    public void Dispose()
    {
        _handle.Dispose();
        if (!_completed)
            File.Delete(_temporary);
    }

    private static byte[] LittleEndian(ReadOnlySpan<float> logits)
    {
        var bytes = new byte[logits.Length * sizeof(float)];
        for (var i = 0; i < logits.Length; i++)
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), logits[i]);
        return bytes;
    }
}
