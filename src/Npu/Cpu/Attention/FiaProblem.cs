using AkkaCp.Npu.Cpu.Assembled;

namespace AkkaCp.Npu.Cpu.Attention;

/// <summary>
/// A checked attention call as addresses and distances, so that the kernel knows neither layouts nor paging. Letters as in
/// <see cref="FiaArguments"/>; distances count elements.
/// </summary>
internal unsafe struct FiaProblem
{
    private const double Ln2 = 0.69314718055994531;

    public float* Query;
    public float* Output;
    public float* Lse;
    public byte* Key;
    public byte* Value;
    public DType KvType;

    /// <summary>Products of BF16 pairs for a BF16 cache; null where keys and values are widened to F32.</summary>
    public ProductTiles? PairTiles { readonly get; private set; }

    /// <summary>Products of F32 tiles, where there are assembled ones and not those of pairs.</summary>
    public ProductTiles? FloatTiles { readonly get; private set; }

    /// <summary>Products of few rows that see the same keys, where there are assembled ones.</summary>
    public LaneCode? Lanes { readonly get; private set; }

    public int Batch;
    public int Heads;
    public int KvHeads;
    public int HeadDim;
    public float Scale;

    public FiaStrides QueryStrides;
    public FiaStrides OutputStrides;
    public FiaStrides LseStrides;

    /// <summary>Distances of keys; when paged, Batch is the distance of two blocks.</summary>
    public FiaStrides KeyStrides;
    public FiaStrides ValueStrides;

    /// <summary>Rows that each request's query and output hold; -1 = as many as it has query rows (packed).</summary>
    public int StoredRows;

    /// <summary>Token rows of one request's contiguous keys when not packed.</summary>
    public int StoredKeys;
    public bool Packed;
    public int[]? QueryLengths;
    public int[]? KeyLengths;

    public int[]? BlockTable;
    public int TableWidth;
    public int BlockSize;

    public FiaVisibility Visibility;

    /// <summary>Natural logarithm of what one unit of a score means: scores are in powers of e, or of 2 with BF16 products.</summary>
    public readonly float ScoreUnit => PairTiles is null ? 1f : (float)Ln2;

    /// <summary>Query heads that share a key/value head.</summary>
    public readonly int Group => Heads / KvHeads;

    /// <summary>Takes products of BF16 pairs, and scores in powers of 2: queries are scaled before they are rounded.</summary>
    public void TakePairs(ProductTiles tiles) => (PairTiles, Scale) = (tiles, (float)(Scale / Ln2));

    /// <summary>Takes assembled products of F32; bits are those of none.</summary>
    public void TakeFloats(ProductTiles tiles, LaneCode? lanes) => (FloatTiles, Lanes) = (tiles, lanes);

    /// <summary>Query rows of request <paramref name="b"/> that attend.</summary>
    public readonly int QueryLength(int b) => Packed
        ? QueryLengths![b] - (b == 0 ? 0 : QueryLengths[b - 1])
        : StoredRows == 1 || QueryLengths is null ? StoredRows : QueryLengths[QueryLengths.Length == 1 ? 0 : b];

    /// <summary>Rows of request <paramref name="b"/> to write; those behind its query length see nothing.</summary>
    public readonly int RowsToWrite(int b) => Packed ? QueryLength(b) : StoredRows;

    /// <summary>Keys of request <paramref name="b"/>.</summary>
    public readonly int KeyLength(int b)
    {
        if (Packed && BlockTable is null)
            return KeyLengths![b] - (b == 0 ? 0 : KeyLengths[b - 1]);

        return KeyLengths is null ? StoredKeys : KeyLengths[KeyLengths.Length == 1 ? 0 : b];
    }

    /// <summary>Keys [Low, High) that request b's query row i may see.</summary>
    public readonly (int Low, int High) Seen(int b, int i) => Visibility.Range(i, QueryLength(b), KeyLength(b));

    /// <summary>Element distance of request b's row i of head h in a tensor laid out like the query.</summary>
    public readonly nint RowAt(in FiaStrides strides, int b, int i, int h)
    {
        var first = Packed && b > 0 ? QueryLengths![b - 1] : 0;
        return ((nint)strides.Batch * (Packed ? 0 : b)) + ((nint)strides.Token * (first + i)) + ((nint)strides.Head * h);
    }

    /// <summary>Element distance of request b's key k of head h.</summary>
    public readonly nint KeyAt(in FiaStrides strides, int b, int k, int h)
    {
        if (BlockTable is not null)
        {
            var (page, slot) = Math.DivRem(k, BlockSize);
            var block = BlockTable[((long)b * TableWidth) + page];
            return ((nint)strides.Batch * block) + ((nint)strides.Token * slot) + ((nint)strides.Head * h);
        }

        var first = Packed && b > 0 ? KeyLengths![b - 1] : 0;
        return ((nint)strides.Batch * (Packed ? 0 : b)) + ((nint)strides.Token * (first + k)) + ((nint)strides.Head * h);
    }
}

/// <summary>Elements between neighbours along each axis of a tensor.</summary>
internal readonly record struct FiaStrides(int Batch, int Token, int Head)
{
    /// <summary>Of a view whose axes are those of <paramref name="layout"/>.</summary>
    public static FiaStrides Of(in TensorView view, FiaInputLayout layout) => layout switch
    {
        FiaInputLayout.Tnd => new(0, view.RowStride, view[2]),
        FiaInputLayout.Bsnd => new(view.RowStride, view[2] * view[3], view[3]),
        _ => new(view.RowStride, view[3], view[2] * view[3]),
    };
}
