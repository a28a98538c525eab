using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace AkkaCp.Npu.Cpu.Kernels;

/// <summary>Copies rows of x into tiles [k][height], so that a tile reads one cache line after another. k counts inputs.</summary>
internal static unsafe class PackRows
{
    // One cache line of a row at a time: rows often lie a power of two apart, where only a few lines fit a cache set.
    private const int Step = 16;

    /// <summary>tile[k][r] = x[r, k]; rows from <paramref name="rows"/> up to <paramref name="height"/> are zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Tile(float* x, nint stride, int rows, int count, float* tile, int height)
    {
        if (rows < height)
        {
            NativeMemory.Clear(tile, (nuint)count * (nuint)height * sizeof(float));
        }

        for (var k0 = 0; k0 < count; k0 += Step)
        {
            var end = Math.Min(k0 + Step, count);
            for (var r = 0; r < rows; r++)
            {
                var source = x + (r * stride);
                var target = tile + ((nint)k0 * height) + r;
                for (var k = k0; k < end; k++, target += height)
                {
                    *target = source[k];
                }
            }
        }
    }
}
