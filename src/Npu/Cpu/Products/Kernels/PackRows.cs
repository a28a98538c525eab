using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace AkkaCp.Npu.Cpu.Products.Kernels;

/// <summary>Copies rows of x into tiles [k][height], so that a tile reads one cache line after another. k counts inputs.</summary>
internal static unsafe class PackRows
{
    // One cache line of a row at a time: rows often lie a power of two apart, where only a few lines fit a cache set.
    private const int Line = 16;

    /// <summary>tile[k][r] = x[first + r, start + k] of the block; rows from <paramref name="rows"/> up to
    /// <paramref name="height"/> are zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Tile(in MatMulBlock block, int first, int rows, int start, int count, float* tile, int height)
    {
        if (rows < height)
            NativeMemory.Clear(tile, (nuint)count * (nuint)height * sizeof(float));

        var whole = Sse.IsSupported ? count / Line * Line : 0;
        var fours = Sse.IsSupported ? rows / 4 * 4 : 0;
        for (var k = 0; k < whole; k += Line)
        {
            for (var r = 0; r < fours; r += 4)
            {
                var row = first + r;
                TransposeLine(
                    block.Row(row) + start + k, block.Row(row + 1) + start + k, block.Row(row + 2) + start + k,
                    block.Row(row + 3) + start + k,
                    tile + ((nint)k * height) + r, height);
            }
        }

        for (var k = 0; k < count; k += Line)
        {
            for (var r = k < whole ? fours : 0; r < rows; r++)
                CopyElements(block.Row(first + r) + start, k, Math.Min(k + Line, count), tile + r, height);
        }
    }

    // Four rows of one line each, four by four.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposeLine(float* x0, float* x1, float* x2, float* x3, float* tile, int height)
    {
        for (var k = 0; k < Line; k += 4)
        {
            var r0 = Vector128.Load(x0 + k);
            var r1 = Vector128.Load(x1 + k);
            var r2 = Vector128.Load(x2 + k);
            var r3 = Vector128.Load(x3 + k);
            var low01 = Sse.UnpackLow(r0, r1);
            var low23 = Sse.UnpackLow(r2, r3);
            var high01 = Sse.UnpackHigh(r0, r1);
            var high23 = Sse.UnpackHigh(r2, r3);
            var target = tile + ((nint)k * height);
            Sse.MoveLowToHigh(low01, low23).Store(target);
            Sse.MoveHighToLow(low23, low01).Store(target + height);
            Sse.MoveLowToHigh(high01, high23).Store(target + (2 * height));
            Sse.MoveHighToLow(high23, high01).Store(target + (3 * height));
        }
    }

    private static void CopyElements(float* x, int from, int end, float* tile, int height)
    {
        for (var k = from; k < end; k++)
            tile[(nint)k * height] = x[k];
    }
}
