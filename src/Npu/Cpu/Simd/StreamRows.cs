using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace AkkaCp.Npu.Cpu.Simd;

/// <summary>Copies rows to memory past the caches, where a line is written whole and need not be read first.</summary>
internal static unsafe class StreamRows
{
    private const int Line = 16;

    /// <summary>target[row] = source[row]; past the caches where target's rows are whole aligned lines and the processor can.</summary>
    public static void Copy(float* source, nint sourceStride, float* target, nint targetStride, int rows, int columns)
    {
        var whole = Avx512F.IsSupported && columns % Line == 0 && targetStride % Line == 0 && (nint)target % (Line * sizeof(float)) == 0;
        for (var row = 0; row < rows; row++, source += sourceStride, target += targetStride)
        {
            if (!whole)
            {
                new ReadOnlySpan<float>(source, columns).CopyTo(new Span<float>(target, columns));
                continue;
            }

            for (var c = 0; c < columns; c += Line)
                Vector512.Load(source + c).StoreAlignedNonTemporal(target + c);
        }
    }

    /// <summary>Lets all that this thread has copied be seen before what it stores next, as the end of an item.</summary>
    public static void Fence()
    {
        if (Sse.IsSupported)
            Sse.StoreFence();
    }
}
