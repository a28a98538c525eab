namespace AkkaCp.Npu;

/// <summary>
/// A weight matrix W [N, K] in the layout that its device's products read fastest. Written once, row by row, while a model loads;
/// read by any number of threads and devices of the same kind afterwards. y = x·Wᵀ.
/// </summary>
public abstract class PackedMatrix : IDisposable
{
    /// <summary>Describes a matrix of <paramref name="n"/> outputs and <paramref name="k"/> inputs.</summary>
    protected PackedMatrix(int n, int k, DType dtype)
    {
        N = n;
        K = k;
        DType = dtype;
    }

    /// <summary>Outputs: rows of W.</summary>
    public int N { get; }

    /// <summary>Inputs: columns of W.</summary>
    public int K { get; }

    /// <summary>How weights are kept. Sums are F32, with I8 exact 32-bit integers.</summary>
    public DType DType { get; }

    /// <summary>Bytes that the packed form takes.</summary>
    public abstract long Bytes { get; }

    /// <summary>
    /// Packs rows firstRow, firstRow+1, … of W; with BF16 each value is rounded to nearest even; with I8 each row, as given, becomes
    /// round(w / s) with s = max|w| / 127, to nearest even. A row that holds a NaN or an infinity has outputs NaN then.
    /// </summary>
    /// <param name="firstRow">The first row that <paramref name="rows"/> holds.</param>
    /// <param name="rows">[r, K] values, row by row; the length is a multiple of K.</param>
    /// <exception cref="NpuShapeException">The rows do not fit the matrix, or it is of a type with groups.</exception>
    public abstract void Pack(int firstRow, ReadOnlySpan<float> rows);

    /// <summary>Packs rows as <see cref="Pack"/> does, from the bits of BF16 values; a BF16 matrix takes them over as they are.</summary>
    /// <param name="firstRow">The first row that <paramref name="rows"/> holds.</param>
    /// <param name="rows">[r, K] values, row by row; the length is a multiple of K.</param>
    /// <exception cref="NpuShapeException">The rows do not fit the matrix.</exception>
    public virtual void PackBF16(int firstRow, ReadOnlySpan<ushort> rows)
    {
        var wide = rows.IsEmpty ? [] : new float[K];
        for (var row = 0; row < rows.Length / K; row++)
        {
            for (var k = 0; k < K; k++)
                wide[k] = BitConverter.UInt32BitsToSingle((uint)rows[(row * K) + k] << 16);

            Pack(firstRow + row, wide);
        }
    }

    /// <summary>Packs rows firstRow, firstRow+1, … of an I8 matrix, as they are.</summary>
    /// <param name="firstRow">The first row that <paramref name="rows"/> holds.</param>
    /// <param name="rows">[r, K] values of -127 to 127.</param>
    /// <param name="scales">[r], finite.</param>
    /// <exception cref="NpuShapeException">The rows do not fit the matrix, or it is of another type.</exception>
    public virtual void PackI8(int firstRow, ReadOnlySpan<sbyte> rows, ReadOnlySpan<float> scales) =>
        throw new NpuShapeException(nameof(PackI8), "matrix", "type I8", $"{DType}");

    /// <summary>Packs rows firstRow, firstRow+1, … of an F8 matrix, as they are.</summary>
    /// <param name="firstRow">The first row that <paramref name="rows"/> holds.</param>
    /// <param name="rows">[r, K] e4m3 codes, none of them NaN.</param>
    /// <param name="scales">[r, ⌈K / 128⌉], finite.</param>
    /// <exception cref="NpuShapeException">The rows do not fit the matrix, or it is of another type.</exception>
    public virtual void PackF8(int firstRow, ReadOnlySpan<byte> rows, ReadOnlySpan<float> scales) =>
        throw new NpuShapeException(nameof(PackF8), "matrix", "type F8", $"{DType}");

    /// <summary>Packs rows firstRow, firstRow+1, … of a matrix of a quantised type, as they are.</summary>
    /// <param name="firstRow">The first row that <paramref name="rows"/> holds.</param>
    /// <param name="rows">What the matrix' <see cref="GroupFormat"/> says, whole rows. Fastest where these are whole panels.</param>
    /// <exception cref="NpuShapeException">The rows do not fit the matrix, or it has no groups.</exception>
    public virtual void PackGroups(int firstRow, in GroupRows rows) =>
        throw new NpuShapeException(nameof(PackGroups), "matrix", "a type with groups", $"{DType}");

    /// <inheritdoc/>
    public abstract void Dispose();
}
