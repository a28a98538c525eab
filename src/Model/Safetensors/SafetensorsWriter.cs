using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using AkkaCp.Model.Weights.Sources;
using Microsoft.Win32.SafeHandles;

namespace AkkaCp.Model.Safetensors;

/// <summary>
/// Writes a safetensors file as a stream: the header first, from the shapes alone, then each tensor's elements in the given
/// order. The file appears under its name only when it is complete. Not thread-safe.
/// </summary>
public sealed class SafetensorsWriter : IDisposable
{
    private const int StagingElements = 1 << 16;

    private readonly string _path;
    private readonly string _partial;
    private readonly SafeFileHandle _handle;
    private readonly IReadOnlyList<SafetensorsTensor> _tensors;
    private readonly long _end;
    private readonly ushort[] _staging = new ushort[StagingElements];
    private long _position;
    private int _tensor;
    private long _written;
    private bool _completed;

    private SafetensorsWriter(string path, IReadOnlyList<SafetensorsTensor> tensors, byte[] header)
    {
        _path = path;
        _partial = path + ".partial";
        _tensors = tensors;
        _handle = File.OpenHandle(_partial, FileMode.Create, FileAccess.Write);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        Append(length);
        Append(header);
        _end = _position + (tensors.Count == 0 ? 0 : tensors[^1].End);
    }

    /// <summary>Starts a file with the given tensors, laid out in the given order.</summary>
    /// <param name="path">Where the file will be.</param>
    /// <param name="tensors">Name, type and shape of each tensor; names differ.</param>
    /// <param name="metadata">Strings under __metadata__; default format = pt, which readers of PyTorch models ask for.</param>
    public static SafetensorsWriter Create(
        string path,
        IEnumerable<(string Name, SafetensorsDType DType, IReadOnlyList<long> Shape)> tensors,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        var entries = new List<SafetensorsTensor>();
        long end = 0;
        foreach (var (name, dtype, shape) in tensors)
        {
            var bytes = checked(shape.Aggregate(1L, (product, dimension) => checked(product * dimension)) * dtype.Bytes());
            entries.Add(new SafetensorsTensor(name, path, dtype, shape, end, end + bytes));
            end += bytes;
        }

        return new SafetensorsWriter(
            path, entries, Header(entries, metadata ?? new Dictionary<string, string> { ["format"] = "pt" }));
    }

    /// <summary>
    /// Appends elements of the current tensor, and goes on to the next one when it is full. F32 or BF16 (rounded to nearest
    /// even).
    /// </summary>
    /// <exception cref="InvalidOperationException">More elements than the tensor has, or a tensor of another type.</exception>
    public void Write(ReadOnlySpan<float> elements)
    {
        SkipFull();
        switch (Current().DType)
        {
            case SafetensorsDType.F32:
                WriteBytes(MemoryMarshal.AsBytes(elements));
                break;
            case SafetensorsDType.BF16:
                WriteRounded(elements);
                break;
            default:
                throw new InvalidOperationException($"{_path}: {Current().Name}: floats for a tensor of type {Current().DType}.");
        }
    }

    /// <summary>Appends raw bytes of the current tensor.</summary>
    /// <exception cref="InvalidOperationException">More bytes than the tensor has.</exception>
    public void WriteBytes(ReadOnlySpan<byte> bytes)
    {
        SkipFull();
        var left = Current().End - Current().Begin - _written;
        if (bytes.Length > left)
            throw new InvalidOperationException($"{_path}: {Current().Name}: {bytes.Length} bytes where {left} are left.");

        Append(bytes);
        _written += bytes.Length;
    }

    /// <summary>Gives the file its name.</summary>
    /// <exception cref="InvalidOperationException">Elements are missing.</exception>
    public void Complete()
    {
        if (_position != _end)
            throw new InvalidOperationException($"{_path}: {_end - _position} bytes of tensors were not written.");

        RandomAccess.FlushToDisk(_handle);
        _handle.Dispose();
        File.Move(_partial, _path, overwrite: true);
        _completed = true;
    }

    /// <summary>Closes the file; one that is not complete is removed.</summary>
    public void Dispose()
    {
        _handle.Dispose();
        if (!_completed)
            File.Delete(_partial);
    }

    private static byte[] Header(List<SafetensorsTensor> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        var map = new Dictionary<string, object>(StringComparer.Ordinal) { ["__metadata__"] = metadata };
        foreach (var tensor in tensors)
        {
            long[] offsets = [tensor.Begin, tensor.End];
            map.Add(tensor.Name, new { dtype = tensor.DType.ToString(), shape = tensor.Shape, data_offsets = offsets });
        }

        // Spaces up to a multiple of 8, so that every element lies aligned to its size in the file.
        var json = JsonSerializer.SerializeToUtf8Bytes(map);
        var padded = new byte[(json.Length + 7) / 8 * 8];
        padded.AsSpan().Fill((byte)' ');
        json.CopyTo(padded, 0);
        return padded;
    }

    private void WriteRounded(ReadOnlySpan<float> elements)
    {
        while (!elements.IsEmpty)
        {
            var count = Math.Min(elements.Length, StagingElements);
            FloatConversion.ToBFloat16(elements[..count], _staging);
            WriteBytes(MemoryMarshal.AsBytes(_staging.AsSpan(0, count)));
            elements = elements[count..];
        }
    }

    private SafetensorsTensor Current() =>
        _tensor < _tensors.Count
            ? _tensors[_tensor]
            : throw new InvalidOperationException($"{_path}: elements behind the last tensor.");

    private void SkipFull()
    {
        while (_tensor < _tensors.Count && _written == _tensors[_tensor].End - _tensors[_tensor].Begin)
        {
            _tensor++;
            _written = 0;
        }
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        RandomAccess.Write(_handle, bytes, _position);
        _position += bytes.Length;
    }
}
