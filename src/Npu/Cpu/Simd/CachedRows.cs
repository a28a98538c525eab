namespace AkkaCp.Npu.Cpu.Simd;

/// <summary>Rows that stay in the caches: edges of tiles on their way in and out.</summary>
internal static unsafe class CachedRows
{
    /// <summary>target[row] = source[row] of <paramref name="columns"/> elements; strides count elements.</summary>
    public static void Copy<T>(T* source, nint sourceStride, T* target, nint targetStride, int rows, int columns)
        where T : unmanaged
    {
        for (var row = 0; row < rows; row++, source += sourceStride, target += targetStride)
            new ReadOnlySpan<T>(source, columns).CopyTo(new Span<T>(target, columns));
    }
}
