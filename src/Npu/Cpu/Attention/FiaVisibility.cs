namespace AkkaCp.Npu.Cpu.Attention;

/// <summary>
/// Which keys a query row sees: a range that the sparse mode gives, less the keys that a full mask hides.
/// i is the row's place among the request's Q query rows, K its number of keys.
/// </summary>
internal unsafe struct FiaVisibility
{
    /// <summary>Key i + Offset·(K - Q) + Next is the last of the range, key i + Offset·(K - Q) - Pre its first.</summary>
    public bool Banded;
    public bool BottomRight;
    public long Pre;
    public long Next;

    /// <summary>Full mask, 1 = hidden, or null.</summary>
    public byte[]? Mask;
    public int MaskBatchStride;
    public int MaskRowStride;

    /// <summary>The range of keys [Low, High) of row i; empty ranges are (0, 0).</summary>
    public readonly (int Low, int High) Range(int i, int queryLength, int keyLength)
    {
        if (i >= queryLength || keyLength == 0)
            return (0, 0);

        if (!Banded)
            return (0, keyLength);

        var diagonal = i + (BottomRight ? (long)keyLength - queryLength : 0);
        var low = (int)Math.Clamp(diagonal - Pre, 0, keyLength);
        var high = (int)Math.Clamp(diagonal + Next + 1, 0, keyLength);
        return low < high ? (low, high) : (0, 0);
    }

    /// <summary>The mask's bytes for request b's row i, key 0 first; empty without a mask.</summary>
    public readonly ReadOnlySpan<byte> MaskRow(int b, int i) =>
        Mask is null ? default : Mask.AsSpan(checked((b * MaskBatchStride) + (i * MaskRowStride)), MaskRowStride);
}
