namespace AkkaCp.Npu;

/// <summary>How the tensors of a fused attention call are laid out.</summary>
public enum FiaInputLayout
{
    /// <summary>Packed rows: query [T, N, D], key and value [T, kvN, D] or paged.</summary>
    Tnd,

    /// <summary>[B, S, N, D].</summary>
    Bsnd,

    /// <summary>[B, N, S, D].</summary>
    Bnsd,
}

/// <summary>A mask in bytes, 1 = hidden. For sparse modes 2, 3 and 4 it is the 2048×2048 form, whose content the mode implies.</summary>
public sealed class FiaMask
{
    /// <summary>The shape that modes 2, 3 and 4 ask for; their rule, not its bytes, decides what is visible.</summary>
    public static readonly FiaMask Compressed = new([], 2048, 2048);

    /// <summary>Wraps a mask of the given shape, row by row; [Q, K], or [1 or B, Q, K] or [1 or B, 1, Q, K].</summary>
    public FiaMask(byte[] hidden, params int[] shape)
    {
        Hidden = hidden;
        Shape = shape;
    }

    /// <summary>1 where a key is hidden from a query.</summary>
    public byte[] Hidden { get; }

    /// <summary>The mask's shape.</summary>
    public int[] Shape { get; }
}

/// <summary>
/// Arguments of CANN's npu_fused_infer_attention_score: out = softmax(Scale · Q·Kᵀ + mask) · V for each query row and head.
/// Letters: T packed rows, B batch, S sequence, N query heads, kvN key/value heads, D head dimension.
/// </summary>
public readonly record struct FiaArguments
{
    /// <summary>Creates arguments with the operator's own defaults.</summary>
    public FiaArguments()
    {
    }

    /// <summary>Query: [T, N, D], [B, S, N, D] or [B, N, S, D] by <see cref="InputLayout"/>; F32.</summary>
    public required TensorView Query { get; init; }

    /// <summary>Key: as the query with kvN heads; with a block table [blocks, block size, kvN, D]. F32 or BF16.</summary>
    public required TensorView Key { get; init; }

    /// <summary>Value: shape and type of <see cref="Key"/>.</summary>
    public required TensorView Value { get; init; }

    /// <summary>Where the result goes: shape of <see cref="Query"/>, F32; may not overlap an input.</summary>
    public required TensorView Output { get; init; }

    /// <summary>Where log-sum-exp goes, F32: [T, N, 1] in TND, [B, N, S, 1] otherwise; null = not wanted.
    /// +inf where no key is visible.</summary>
    public TensorView? SoftmaxLse { get; init; }

    /// <summary>Order of the axes of all tensors (CANN input_layout).</summary>
    public FiaInputLayout InputLayout { get; init; } = FiaInputLayout.Tnd;

    /// <summary>N.</summary>
    public required int NumHeads { get; init; }

    /// <summary>kvN; 0 means N.</summary>
    public int NumKeyValueHeads { get; init; }

    /// <summary>Factor of the scores; the operator's default is 1, callers set 1/√D.</summary>
    public float Scale { get; init; } = 1f;

    /// <summary>0 to 4: which keys a query sees (full or mask, mask only, top-left causal, bottom-right causal, band).</summary>
    public int SparseMode { get; init; }

    /// <summary>Band width to the left, modes 0 (with a mask) and 4.</summary>
    public int PreTokens { get; init; } = int.MaxValue;

    /// <summary>Band width to the right, modes 0 (with a mask) and 4.</summary>
    public int NextTokens { get; init; } = int.MaxValue;

    /// <summary>Mask; required for modes 1 to 4.</summary>
    public FiaMask? AttenMask { get; init; }

    /// <summary>Query lengths: cumulative without a leading 0 in TND, per batch otherwise (null = S).</summary>
    public int[]? ActualSeqLengths { get; init; }

    /// <summary>Key lengths: per request when paged, cumulative in contiguous TND, per batch otherwise (null = S).</summary>
    public int[]? ActualSeqLengthsKv { get; init; }

    /// <summary>Block numbers [B, BlockTableWidth] row by row when key and value are paged.</summary>
    public int[]? BlockTable { get; init; }

    /// <summary>Rows of <see cref="BlockTable"/>; must equal the batch.</summary>
    public int BlockTableRows { get; init; }

    /// <summary>Token slots of one block, a multiple of 16 up to 1024.</summary>
    public int BlockSize { get; init; }
}
