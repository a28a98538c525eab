using AkkaCp.Npu;

namespace AkkaCp.Model.Weights.Sources;

/// <summary>
/// A model's tensors by name, in files of one format. Whoever checks, loads or hashes weights asks this and knows no format. Every error
/// is a <see cref="Text.Files.ModelFormatException"/> that names file and tensor. Thread-safe.
/// </summary>
public interface IWeightSource : IDisposable
{
    /// <summary>The file that holds all tensors, or the full path of the directory that holds several files.</summary>
    string Path { get; }

    /// <summary>Full path of the file that says which dimensions the tensors must have.</summary>
    string ConfigPath { get; }

    /// <summary>The same text as long as the same files lie at the same place, unchanged.</summary>
    string Identity { get; }

    /// <summary>Types whose <see cref="WeightType.IsReadable"/> is true, for messages.</summary>
    string ReadableTypes { get; }

    /// <summary>All tensors, in the order of the files.</summary>
    IEnumerable<WeightTensor> Tensors { get; }

    /// <summary>The tensor of this name, or null.</summary>
    WeightTensor? Find(string tensor);

    /// <summary>The type of packed matrices that keeps a tensor's codes and scales as they are: that of its type, unless its numbers are in
    /// the way; null when none does.</summary>
    /// <exception cref="Text.Files.ModelFormatException">The file changed its length.</exception>
    DType? PackedTypeOf(WeightTensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        return tensor.Type.Packed;
    }

    /// <summary>Reads a rectangle of a tensor as floats, row by row.</summary>
    /// <param name="tensor">Name of a tensor of a readable type.</param>
    /// <param name="firstRow">First row.</param>
    /// <param name="rowCount">Rows.</param>
    /// <param name="firstColumn">First column.</param>
    /// <param name="columnCount">Columns.</param>
    /// <param name="destination">rowCount · columnCount floats.</param>
    /// <param name="stored">Gets the rectangle's bytes as they are stored, from the first to the last, in spans of any length: of each
    /// row, those of all blocks that the columns are in; of a matrix that several tensors make up, its values; null = nobody.</param>
    /// <exception cref="Text.Files.ModelFormatException">
    /// No such tensor, a type that is not readable, a quantised block whose values are not finite, or the file changed its length.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The rectangle leaves the tensor, or the destination has another length.
    /// </exception>
    void ReadRows(
        string tensor, long firstRow, int rowCount, long firstColumn, int columnCount, Span<float> destination,
        Action<ReadOnlySpan<byte>>? stored = null);

    /// <summary>Reads whole blocks of a tensor as codes and scales, row by row: what the values of <see cref="ReadRows"/> are made of. A
    /// format whose types all have no groups has no such blocks.</summary>
    /// <param name="tensor">Name of a tensor whose <see cref="PackedTypeOf"/> has groups.</param>
    /// <param name="firstRow">First row.</param>
    /// <param name="rowCount">Rows.</param>
    /// <param name="firstColumn">First column, the first one of a block.</param>
    /// <param name="columnCount">Columns, whole blocks.</param>
    /// <param name="destination">rowCount rows of columnCount columns in the <see cref="GroupFormat"/> of that type.</param>
    /// <param name="stored">Gets the bytes as <see cref="ReadRows"/> gives them, or of a matrix that several tensors make up each row's
    /// codes and scales, <see cref="WeightTensor.PackedBytesOf"/> of a row; null = nobody.</param>
    /// <exception cref="Text.Files.ModelFormatException">
    /// No such tensor, a scale that is not finite, or the file changed its length.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The rectangle leaves the tensor or cuts blocks, or the destination has another size.
    /// </exception>
    /// <exception cref="ArgumentException">The tensor's type has no groups.</exception>
    void ReadGroups(
        string tensor, long firstRow, int rowCount, long firstColumn, int columnCount, in GroupRows destination,
        Action<ReadOnlySpan<byte>>? stored = null) => throw new ArgumentException($"{tensor} is not made of groups.", nameof(tensor));

    /// <summary>Reads one-byte codes with scales in F32, row by row: what the values of <see cref="ReadRows"/> are made of.</summary>
    /// <param name="tensor">Name of a tensor whose <see cref="PackedTypeOf"/> is I8 or F8.</param>
    /// <param name="firstRow">First row.</param>
    /// <param name="rowCount">Rows.</param>
    /// <param name="firstColumn">First column; with F8 a multiple of 128.</param>
    /// <param name="columnCount">Columns.</param>
    /// <param name="codes">rowCount · columnCount codes.</param>
    /// <param name="scales">One of each row, with F8 for each 128 columns.</param>
    /// <param name="stored">As in <see cref="ReadGroups"/>.</param>
    /// <exception cref="Text.Files.ModelFormatException">
    /// No such tensor, a code or a scale that is no finite number, or the file changed its length.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The rectangle leaves the tensor, or a destination has another length.
    /// </exception>
    /// <exception cref="ArgumentException">The tensor has no such codes.</exception>
    void ReadScaled(
        string tensor, long firstRow, int rowCount, long firstColumn, int columnCount, Span<byte> codes, Span<float> scales,
        Action<ReadOnlySpan<byte>>? stored = null) =>
            throw new ArgumentException($"{tensor} has no codes with F32 scales.", nameof(tensor));

    /// <summary>
    /// Reads the bytes of a rectangle of a tensor as they are stored, row by row; of a matrix that several tensors make up, its values.
    /// </summary>
    /// <param name="tensor">Its name.</param>
    /// <param name="firstRow">First row.</param>
    /// <param name="rowCount">Rows.</param>
    /// <param name="firstColumn">First column.</param>
    /// <param name="columnCount">Columns.</param>
    /// <param name="destination">rowCount times <see cref="WeightType.BytesOf"/> the columns.</param>
    /// <exception cref="Text.Files.ModelFormatException">No such tensor, or the file changed its length.</exception>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The rectangle leaves the tensor, or the destination has another length.
    /// </exception>
    void ReadStored(string tensor, long firstRow, int rowCount, long firstColumn, int columnCount, Span<byte> destination);
}
