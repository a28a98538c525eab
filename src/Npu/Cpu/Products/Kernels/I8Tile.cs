using System.Runtime.CompilerServices;
using AkkaCp.Npu.Cpu.Assembled;
using AkkaCp.Npu.Cpu.Products.Packing;
using AkkaCp.Npu.Cpu.Simd;

namespace AkkaCp.Npu.Cpu.Products.Kernels;

/// <summary>
/// What an assembled tile of <see cref="WordProduct.I8"/> does, in C#: y[t, n] = start[t, n] + Σ over words of the four products of
/// their bytes. Four rows × two vectors keep 8 sums, 4 halves of weights and 2 of x in the 16 registers of narrow machines.
/// </summary>
internal static unsafe class I8Tile<TSimd, TVector>
    where TSimd : struct, IByteSimd<TVector>
    where TVector : struct
{
    /// <summary>Rows of a tile.</summary>
    public const int Rows = 4;

    private const int Width = CpuPackedMatrix.PanelWidth;

    /// <summary>One panel with 1 to 4 rows.</summary>
    public static void Compute(TileArguments* tile, int rows)
    {
        for (var lane = 0; lane < Width; lane += 2 * TSimd.Count)
        {
            if (rows == Rows)
            {
                FourRows(tile, lane);
                continue;
            }

            for (var row = 0; row < rows; row++)
                OneRow(tile, row, lane);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourRows(TileArguments* tile, int lane)
    {
        int* x0 = Word(tile, 0), x1 = Word(tile, 1), x2 = Word(tile, 2), x3 = Word(tile, 3);
        TVector a0 = Start(tile, 0, lane), b0 = Start(tile, 0, lane + TSimd.Count);
        TVector a1 = Start(tile, 1, lane), b1 = Start(tile, 1, lane + TSimd.Count);
        TVector a2 = Start(tile, 2, lane), b2 = Start(tile, 2, lane + TSimd.Count);
        TVector a3 = Start(tile, 3, lane), b3 = Start(tile, 3, lane + TSimd.Count);
        var panel = (int*)tile->Panel + lane;
        for (nint k = 0; k < tile->Count; k++, panel += Width)
        {
            TVector wa = TSimd.Load(panel), wb = TSimd.Load(panel + TSimd.Count);
            TVector evenA = TSimd.EvenSigned(wa), oddA = TSimd.OddSigned(wa);
            TVector evenB = TSimd.EvenSigned(wb), oddB = TSimd.OddSigned(wb);
            Add(x0[k], evenA, oddA, evenB, oddB, ref a0, ref b0);
            Add(x1[k], evenA, oddA, evenB, oddB, ref a1, ref b1);
            Add(x2[k], evenA, oddA, evenB, oddB, ref a2, ref b2);
            Add(x3[k], evenA, oddA, evenB, oddB, ref a3, ref b3);
        }

        Store(tile, 0, lane, a0, b0);
        Store(tile, 1, lane, a1, b1);
        Store(tile, 2, lane, a2, b2);
        Store(tile, 3, lane, a3, b3);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneRow(TileArguments* tile, int row, int lane)
    {
        var x = Word(tile, row);
        TVector a = Start(tile, row, lane), b = Start(tile, row, lane + TSimd.Count);
        var panel = (int*)tile->Panel + lane;
        for (nint k = 0; k < tile->Count; k++, panel += Width)
        {
            TVector wa = TSimd.Load(panel), wb = TSimd.Load(panel + TSimd.Count);
            Add(x[k], TSimd.EvenSigned(wa), TSimd.OddSigned(wa), TSimd.EvenSigned(wb), TSimd.OddSigned(wb), ref a, ref b);
        }

        Store(tile, row, lane, a, b);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(int word, TVector evenA, TVector oddA, TVector evenB, TVector oddB, ref TVector a, ref TVector b)
    {
        var bytes = TSimd.Create(word);
        TVector even = TSimd.EvenUnsigned(bytes), odd = TSimd.OddUnsigned(bytes);
        a = TSimd.AddPairs(TSimd.AddPairs(a, even, evenA), odd, oddA);
        b = TSimd.AddPairs(TSimd.AddPairs(b, even, evenB), odd, oddB);
    }

    private static int* Word(TileArguments* tile, int row) => (int*)(tile->X + (row * tile->XStride));

    private static TVector Start(TileArguments* tile, int row, int lane) =>
        TSimd.Load((int*)((byte*)tile->Start + (row * tile->StartStride)) + lane);

    private static void Store(TileArguments* tile, int row, int lane, TVector a, TVector b)
    {
        var y = (int*)((byte*)tile->Y + (row * tile->YStride)) + lane;
        TSimd.Store(a, y);
        TSimd.Store(b, y + TSimd.Count);
    }
}
