namespace AkkaCp.Npu;

/// <summary>
/// A window on device memory: address, element type, up to four dimensions, and the distance between rows of the first one.
/// It owns nothing; it is valid as long as the <see cref="Tensor"/> under it. Dimensions behind the first are dense. The address is the
/// device's: the host reads and writes elements through <see cref="MapRead"/> and <see cref="MapWrite"/>.
/// </summary>
public readonly unsafe struct TensorView
{
    private readonly int _d1;
    private readonly int _d2;
    private readonly int _d3;

    // Memory that the host does not reach by address; null when it does.
    private readonly IDeviceMemory? _apart;

    /// <summary>Wraps memory that the caller keeps alive.</summary>
    /// <param name="data">Address of the first element.</param>
    /// <param name="dtype">Element type.</param>
    /// <param name="shape">One to four dimensions, none negative.</param>
    /// <param name="rowStride">Elements from one row of the first dimension to the next; dense when null.</param>
    /// <param name="apart">Whose address it is; null = the host's as well.</param>
    /// <exception cref="NpuShapeException">Rank outside 1..4, a negative dimension, a stride below the row's length,
    /// or type I8.</exception>
    internal TensorView(void* data, DType dtype, ReadOnlySpan<int> shape, int? rowStride = null, IDeviceMemory? apart = null)
    {
        if (shape.Length is < 1 or > 4)
            throw new NpuShapeException(nameof(TensorView), nameof(shape), "1 to 4 dimensions", $"{shape.Length}");

        if (dtype == DType.I8)
            throw new NpuShapeException(nameof(TensorView), nameof(dtype), "F32 or BF16, I8 being a type of packed weights", "I8");

        foreach (var dimension in shape)
        {
            if (dimension < 0)
                throw new NpuShapeException(nameof(TensorView), nameof(shape), "no negative dimension", Format(shape));
        }

        Data = data;
        _apart = apart;
        DType = dtype;
        Rank = shape.Length;
        Rows = shape[0];
        _d1 = shape.Length > 1 ? shape[1] : 1;
        _d2 = shape.Length > 2 ? shape[2] : 1;
        _d3 = shape.Length > 3 ? shape[3] : 1;
        RowLength = checked(_d1 * _d2 * _d3);
        RowStride = rowStride ?? RowLength;
        if (RowStride < RowLength)
            throw new NpuShapeException(nameof(TensorView), nameof(rowStride), $"at least {RowLength}", $"{RowStride}");
    }

    // A checked view's elements under another first dimension, at another place.
    private TensorView(in TensorView like, void* data, int rows)
    {
        this = like;
        Data = data;
        Rows = rows;
    }

    // Some columns of a checked view.
    private TensorView(in TensorView like, void* data, int rows, int columns)
        : this(like, data, rows)
    {
        (Rank, RowLength, _d1, _d2, _d3) = (2, columns, columns, 1, 1);
    }

    /// <summary>Address of the first element.</summary>
    internal void* Data { get; }

    /// <summary>Element type.</summary>
    public DType DType { get; }

    /// <summary>Number of dimensions, 1 to 4.</summary>
    public int Rank { get; }

    /// <summary>The first dimension.</summary>
    public int Rows { get; }

    /// <summary>Elements of one row: the product of the dimensions behind the first.</summary>
    public int RowLength { get; }

    /// <summary>Elements from one row to the next.</summary>
    public int RowStride { get; }

    /// <summary>All elements.</summary>
    public long Count => (long)Rows * RowLength;

    /// <summary>True when rows follow each other without a gap.</summary>
    public bool IsDense => RowStride == RowLength || Rows <= 1;

    /// <summary>Dimension <paramref name="axis"/> of the shape.</summary>
    public int this[int axis] => axis switch
    {
        0 => Rows,
        1 when Rank > 1 => _d1,
        2 when Rank > 2 => _d2,
        3 when Rank > 3 => _d3,
        _ => throw new ArgumentOutOfRangeException(nameof(axis), axis, $"rank is {Rank}"),
    };

    /// <summary>Rows start .. start+count-1, all columns.</summary>
    public TensorView Slice(int start, int count)
    {
        if ((uint)start > (uint)Rows || (uint)count > (uint)(Rows - start))
            throw new NpuShapeException(nameof(Slice), nameof(start), $"a range inside {Rows} rows", $"{start}+{count}");

        var first = (byte*)Data + ((long)start * RowStride * DType.Bytes());
        return new TensorView(this, first, count);
    }

    /// <summary>Columns start .. start+count-1 of every row, as [Rows, count]; the row stride stays.</summary>
    public TensorView Columns(int start, int count)
    {
        if ((uint)start > (uint)RowLength || (uint)count > (uint)(RowLength - start))
            throw new NpuShapeException(nameof(Columns), nameof(start), $"a range inside {RowLength} columns", $"{start}+{count}");

        return new TensorView(this, (byte*)Data + ((long)start * DType.Bytes()), Rows, count);
    }

    /// <summary>The same elements under another shape; when rows have gaps, the first dimension must stay.</summary>
    public TensorView Reshape(params ReadOnlySpan<int> shape)
    {
        long count = 1;
        foreach (var dimension in shape)
            count *= dimension;

        if (count != Count || (!IsDense && shape[0] != Rows))
            throw new NpuShapeException(nameof(Reshape), nameof(shape), $"{Count} elements of {this}", Format(shape));

        return new TensorView(Data, DType, shape, !IsDense ? RowStride : null, _apart);
    }

    /// <summary>The elements of a dense view, for the host to read until it disposes the mapping; no more than 2 GiB.</summary>
    /// <exception cref="InvalidOperationException">Rows have gaps between them: they are mapped one by one.</exception>
    public ReadMapping MapRead() => new(Data, MappedBytes(), DType, _apart);

    /// <summary>The elements of a dense view, for the host to write, all of them, until it disposes the mapping; no more than
    /// 2 GiB.</summary>
    /// <exception cref="InvalidOperationException">Rows have gaps between them: they are mapped one by one.</exception>
    public WriteMapping MapWrite() => new(Data, MappedBytes(), DType, _apart);

    /// <summary>Whether both begin at the same address.</summary>
    public bool StartsWhere(in TensorView other) => Data == other.Data;

    /// <summary>The shape as [a, b, c], for messages.</summary>
    public override string ToString() => Format([Rows, .. InnerShape()]);

    // What is mapped can be read as elements of one type alone.
    internal static void Require(DType wanted, DType found)
    {
        if (wanted != found)
            throw new InvalidOperationException($"A {found} tensor was read as {wanted}.");
    }

    internal static string Format(ReadOnlySpan<int> shape) => $"[{string.Join(", ", shape.ToArray())}]";

    private int[] InnerShape() => Rank switch { 1 => [], 2 => [_d1], 3 => [_d1, _d2], _ => [_d1, _d2, _d3] };

    private int MappedBytes()
    {
        if (!IsDense)
            throw new InvalidOperationException($"Rows of {this} lie {RowStride} elements apart; a dense view is needed.");

        return checked((int)(Count * DType.Bytes()));
    }
}
