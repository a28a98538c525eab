using System.Buffers.Binary;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using AkkaCp.Model.Weights.Sources;
using AkkaCp.Text.Files;

namespace AkkaCp.Model.Safetensors;

/// <summary>
/// One safetensors file, open for reading. The header is checked whole when it is opened. Thread-safe.
/// </summary>
public sealed class SafetensorsFile : IDisposable
{
    private const int LengthBytes = 8;

    // Columns of a slice are read together with the gaps between them when the gaps are this small: the system reads whole pages
    // ahead anyway, and one call costs more than the copy.
    private const int MaxGapBytes = 16 * 1024;

    private readonly StoredFile _file;
    private readonly long _dataStart;
    private readonly SafetensorsHeader _header;

    private SafetensorsFile(StoredFile file)
    {
        _file = file;
        var json = ReadHeaderBytes();
        _dataStart = LengthBytes + json.Length;
        _header = SafetensorsHeader.Parse(Path, json, file.Length - _dataStart);
        HeaderHash = SHA256.HashData(json);
    }

    /// <summary>Path as given to <see cref="Open"/>.</summary>
    public string Path => _file.Path;

    /// <summary>All tensors by name.</summary>
    public IReadOnlyDictionary<string, SafetensorsTensor> Tensors => _header.Tensors;

    /// <summary>The free strings under __metadata__.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _header.MetadataEntries;

    /// <summary>SHA-256 of the header's bytes: 32 bytes.</summary>
    public ReadOnlyMemory<byte> HeaderHash { get; }

    /// <summary>Opens and checks a file.</summary>
    /// <exception cref="ModelFormatException">The file cannot be read or breaks the format.</exception>
    public static SafetensorsFile Open(string path)
    {
        var file = StoredFile.Open(path);
        try
        {
            return new SafetensorsFile(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The entry of a tensor.</summary>
    /// <exception cref="ModelFormatException">The file has no tensor of this name.</exception>
    public SafetensorsTensor Tensor(string name) =>
        Tensors.TryGetValue(name, out var tensor)
            ? tensor
            : throw new ModelFormatException(Path, name, "a tensor of this name", "none");

    /// <summary>
    /// Reads a rectangle of a tensor as floats, row by row. A tensor is seen as [Rows, Columns], all dimensions but the last
    /// together.
    /// </summary>
    /// <param name="tensor">Name of an F32, F16 or BF16 tensor.</param>
    /// <param name="firstRow">First row.</param>
    /// <param name="rowCount">Rows.</param>
    /// <param name="firstColumn">First column.</param>
    /// <param name="columnCount">Columns.</param>
    /// <param name="destination">rowCount · columnCount floats.</param>
    /// <param name="stored">Gets the rectangle's bytes as they are stored, from the first to the last, in spans of any length;
    /// null = nobody.</param>
    /// <exception cref="ModelFormatException">
    /// No such tensor, a type that is no number here, or the file changed its length.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The rectangle leaves the tensor, or the destination has another length.
    /// </exception>
    public void ReadRows(
        string tensor, long firstRow, int rowCount, long firstColumn, int columnCount, Span<float> destination,
        Action<ReadOnlySpan<byte>>? stored = null)
    {
        var entry = Tensor(tensor);
        RequireInside(entry.Rows, firstRow, rowCount, nameof(firstRow));
        RequireInside(entry.Columns, firstColumn, columnCount, nameof(firstColumn));
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, (long)rowCount * columnCount, nameof(destination));
        if (destination.IsEmpty)
            return;

        if (!entry.Type.IsReadable)
            throw new ModelFormatException(Path, tensor, $"dtype {SafetensorsDTypes.Readable}", entry.Type.Name);
        var size = entry.DType.Bytes();
        var first = _dataStart + entry.Begin + (((firstRow * entry.Columns) + firstColumn) * size);
        var rowBytes = entry.Columns * size;
        using var buffer = new ReadBuffer();
        if (columnCount == entry.Columns)
        {
            ReadRun(entry, buffer, first, destination, stored);
        }
        else if (rowBytes - (columnCount * size) <= MaxGapBytes)
        {
            ReadWithGaps(entry, buffer, first, rowBytes, columnCount, destination, stored);
        }
        else
        {
            for (var row = 0; row < rowCount; row++)
                ReadRun(entry, buffer, first + (row * rowBytes), destination.Slice(row * columnCount, columnCount), stored);
        }
    }

    /// <summary>Reads a rectangle of a tensor as it is stored; arguments as in <see cref="ReadRows"/>.</summary>
    /// <exception cref="ModelFormatException">No such tensor, or the file changed its length.</exception>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The rectangle leaves the tensor, or the destination has another length.
    /// </exception>
    public void ReadStored(string tensor, long firstRow, int rowCount, long firstColumn, int columnCount, Span<byte> destination)
    {
        var entry = Tensor(tensor);
        RequireInside(entry.Rows, firstRow, rowCount, nameof(firstRow));
        RequireInside(entry.Columns, firstColumn, columnCount, nameof(firstColumn));
        var (rowBytes, stride) = (columnCount * entry.DType.Bytes(), entry.Columns * entry.DType.Bytes());
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, (long)rowCount * rowBytes, nameof(destination));
        var first = _dataStart + entry.Begin + (firstRow * stride) + (firstColumn * entry.DType.Bytes());
        if (columnCount == entry.Columns)
        {
            _file.Read(tensor, first, destination);
            return;
        }

        for (var row = 0; row < rowCount; row++)
            _file.Read(tensor, first + (row * stride), destination.Slice(row * rowBytes, rowBytes));
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _file.Dispose();

    private static void RequireInside(long limit, long first, int count, string name)
    {
        if (first < 0 || count < 0 || first > limit - count)
            throw new ArgumentOutOfRangeException(name, $"{first}+{count}", $"the tensor has {limit}");
    }

    private byte[] ReadHeaderBytes()
    {
        if (_file.Length < LengthBytes)
            throw new ModelFormatException(Path, "header", $"at least {LengthBytes} bytes", $"{_file.Length} bytes");

        Span<byte> prefix = stackalloc byte[LengthBytes];
        _file.Read("header", 0, prefix);
        var length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > SafetensorsHeader.MaxBytes)
            throw new ModelFormatException(Path, "header", $"at most {SafetensorsHeader.MaxBytes} bytes", $"{length} bytes");

        if ((long)length > _file.Length - LengthBytes)
            throw new ModelFormatException(Path, "header", $"{length} bytes", $"a file of {_file.Length} bytes");

        var json = new byte[length];
        _file.Read("header", LengthBytes, json);
        return json;
    }

    private void ReadRun(
        SafetensorsTensor entry, ReadBuffer buffer, long position, Span<float> destination, Action<ReadOnlySpan<byte>>? stored)
    {
        var size = entry.DType.Bytes();
        while (!destination.IsEmpty)
        {
            var count = Math.Min(destination.Length, ReadBuffer.MaxBytes / size);
            var bytes = buffer.Take(count * size);
            _file.Read(entry.Name, position, bytes);
            stored?.Invoke(bytes);
            ToSingle(entry.DType, bytes, destination[..count]);
            destination = destination[count..];
            position += bytes.Length;
        }
    }

    private void ReadWithGaps(
        SafetensorsTensor entry, ReadBuffer buffer, long position, long rowBytes, int columns, Span<float> destination,
        Action<ReadOnlySpan<byte>>? stored)
    {
        var segment = columns * entry.DType.Bytes();
        var rowsAtOnce = (int)Math.Max(1, ReadBuffer.MaxBytes / rowBytes);
        while (!destination.IsEmpty)
        {
            var rows = Math.Min(rowsAtOnce, destination.Length / columns);
            var bytes = buffer.Take((int)(((rows - 1) * rowBytes) + segment));
            _file.Read(entry.Name, position, bytes);
            for (var row = 0; row < rows; row++)
            {
                var part = bytes.Slice((int)(row * rowBytes), segment);
                stored?.Invoke(part);
                ToSingle(entry.DType, part, destination.Slice(row * columns, columns));
            }

            destination = destination[(rows * columns)..];
            position += rows * rowBytes;
        }
    }

    /// <summary>Exact: every value of a readable type is an F32 value. Files are little-endian.</summary>
    private static void ToSingle(SafetensorsDType dtype, ReadOnlySpan<byte> source, Span<float> destination)
    {
        switch (dtype)
        {
            case SafetensorsDType.F32:
                source.CopyTo(MemoryMarshal.AsBytes(destination));
                break;
            case SafetensorsDType.F16:
                TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(source), destination);
                break;
            default:
                FloatConversion.FromBFloat16(MemoryMarshal.Cast<byte, ushort>(source), destination);
                break;
        }
    }
}
