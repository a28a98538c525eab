using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using AkkaCp.Npu.Cpu.Assembled;
using AkkaCp.Npu.Cpu.Elementwise;

namespace AkkaCp.Npu.Cpu.Products.Packing;

/// <summary>
/// Rows of x for tiles that multiply |q| by weights with q's sign: for each 32 inputs, zeros behind K, |q| and then m, which is -1 for q
/// below zero and else 0; behind them -Σ|q|·m, what sums begin with. Only where there is AVX2.
/// </summary>
internal static unsafe class SplitX
{
    private const int Inputs = YmmI8TileAssembler.ChunkBytes / 2;

    // Inputs that are quantised before they are split.
    private const int Part = 1024;

    /// <summary>Where a row has its sum.</summary>
    public static nint SumAt(int k) => ((nint)k + Inputs - 1) / Inputs * YmmI8TileAssembler.ChunkBytes;

    /// <summary>Bytes of a row.</summary>
    public static nint Bytes(int k) => SumAt(k) + sizeof(int);

    /// <summary>Quantises and splits a row whose scale is given, as <see cref="DynamicQuant.Quantize"/> does.</summary>
    public static void Quantize(float* x, int k, float scale, byte* row)
    {
        var sum = 0;
        var quantized = stackalloc byte[Part];
        for (var at = 0; at < k; at += Part)
        {
            var count = Math.Min(Part, k - at);
            new Span<byte>(quantized, Part).Fill(DynamicQuant.ZeroByte);
            DynamicQuant.Quantize(x + at, count, scale, quantized);
            for (var i = 0; i < count; i += Inputs, row += YmmI8TileAssembler.ChunkBytes)
                sum += Split(quantized + i, (sbyte*)row);
        }

        *(int*)row = sum;
    }

    private static int Split(byte* quantized, sbyte* chunk)
    {
        var q = (Vector256.Load(quantized) ^ Vector256.Create(DynamicQuant.ZeroByte)).AsSByte();
        var (magnitude, below) = (Vector256.Abs(q), Vector256.LessThan(q, Vector256<sbyte>.Zero));
        magnitude.Store(chunk);
        below.Store(chunk + Inputs);
        return Vector256.Sum(Avx2.SumAbsoluteDifferences((magnitude & below).AsByte(), Vector256<byte>.Zero).AsInt32());
    }
}
