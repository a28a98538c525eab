using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace AkkaCp.Model.Gguf.Writing;

/// <summary>
/// Writes a GGUF file, version 3: parts of the data in any order, and the header at the end. The file appears under its name only when it
/// is complete. <see cref="Write"/> is thread-safe.
/// </summary>
internal sealed class GgufWriter : IDisposable
{
    private const uint Magic = 0x4655_4747;
    private const uint Version = 3;
    private const int Alignment = 32;

    private readonly string _path;
    private readonly string _partial;
    private readonly SafeFileHandle _handle;
    private readonly byte[] _header;
    private readonly long[] _positions;
    private readonly long _length;
    private bool _completed;

    /// <summary>Begins a file.</summary>
    /// <param name="path">Where it will be.</param>
    /// <param name="keys">Its metadata.</param>
    /// <param name="tensors">Its tensors, in the order of their data.</param>
    /// <exception cref="IOException">It cannot be written there, or the disk has no room for all of it.</exception>
    public GgufWriter(string path, GgufKeyBytes keys, IReadOnlyList<WrittenTensor> tensors)
    {
        (_path, _partial) = (path, path + ".partial");
        _positions = new long[tensors.Count];
        _header = Header(keys, tensors, _positions);
        for (var i = 0; i < _positions.Length; i++)
            _positions[i] += _header.Length;
        _length = Aligned(_positions[^1] + tensors[^1].Bytes);
        _handle = File.OpenHandle(_partial, FileMode.Create, FileAccess.Write, preallocationSize: _length);
    }

    /// <summary>Writes some bytes of a tensor.</summary>
    /// <param name="tensor">Which one.</param>
    /// <param name="position">Where in it.</param>
    /// <param name="bytes">The bytes.</param>
    public void Write(int tensor, long position, ReadOnlySpan<byte> bytes) =>
        RandomAccess.Write(_handle, bytes, _positions[tensor] + position);

    /// <summary>Gives the file its name.</summary>
    /// <param name="overwrite">Whether a file that has it already is replaced.</param>
    /// <exception cref="IOException">There is one, and it is not to be replaced.</exception>
    public void Complete(bool overwrite)
    {
        RandomAccess.Write(_handle, _header, 0);
        RandomAccess.SetLength(_handle, _length);
        RandomAccess.FlushToDisk(_handle);
        _handle.Dispose();
        File.Move(_partial, _path, overwrite);
        _completed = true;
    }

    /// <summary>Closes the file; one that is not complete is removed.</summary>
    public void Dispose()
    {
        _handle.Dispose();
        if (!_completed)
            File.Delete(_partial);
    }

    private static byte[] Header(GgufKeyBytes keys, IReadOnlyList<WrittenTensor> tensors, long[] offsets)
    {
        var bytes = new ArrayBufferWriter<byte>();
        GgufKeyBytes.UInt32(bytes, Magic);
        GgufKeyBytes.UInt32(bytes, Version);
        GgufKeyBytes.UInt64(bytes, (ulong)tensors.Count);
        GgufKeyBytes.UInt64(bytes, (ulong)keys.Count);
        bytes.Write(keys.Bytes);
        var end = 0L;
        foreach (var (i, tensor) in tensors.Index())
        {
            offsets[i] = end;
            GgufKeyBytes.Text(bytes, tensor.Name);
            GgufKeyBytes.UInt32(bytes, (uint)tensor.Dims.Count);
            foreach (var dim in tensor.Dims)
                GgufKeyBytes.UInt64(bytes, (ulong)dim);
            GgufKeyBytes.UInt32(bytes, (uint)tensor.Type.Type.Id);
            GgufKeyBytes.UInt64(bytes, (ulong)end);
            end = Aligned(end + tensor.Bytes);
        }

        bytes.Write(new byte[Aligned(bytes.WrittenCount) - bytes.WrittenCount]);
        return bytes.WrittenSpan.ToArray();
    }

    private static long Aligned(long position) => (position + Alignment - 1) / Alignment * Alignment;
}
