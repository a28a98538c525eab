using System.Runtime.InteropServices;
using AkkaCp.Npu.Cpu.Elementwise;

namespace AkkaCp.Npu.Cpu.Products.Packing;

/// <summary>
/// A panel of I8 weights: [⌈K/4⌉][32 words], inputs 4i .. 4i+3 of one output in the bytes of its word, zeros behind K; then for each
/// of the 32 outputs what its sum begins with, -128·Σ w, and then its scale. Activations are kept as q + 128, so Σ (q + 128)·w
/// with that start is Σ q·w; 32-bit sums may wrap around on the way, and are right in the end.
/// </summary>
internal static unsafe class I8Panel
{
    /// <summary>Longest sum of products up to 127² that a 32-bit integer holds.</summary>
    public const int MaxK = int.MaxValue / (DynamicQuant.Largest * DynamicQuant.Largest);

    private const int Width = CpuPackedMatrix.PanelWidth;

    // Bytes of a row that are quantised before they are spread over the panel.
    private const int Chunk = 1024;

    /// <summary>Words of one output.</summary>
    public static int Words(int k) => (k + 3) / 4;

    /// <summary>Bytes of a panel.</summary>
    public static nint Bytes(int k) => ((nint)Words(k) + 2) * Width * sizeof(int);

    /// <summary>[32] what sums begin with.</summary>
    public static int* Starts(byte* panel, int k) => (int*)panel + ((nint)Words(k) * Width);

    /// <summary>[32] scales of the outputs.</summary>
    public static float* Scales(byte* panel, int k) => (float*)Starts(panel, k) + Width;

    /// <summary>Quantises one row of W, as <see cref="DynamicQuant"/> does rows of x, into its lane of a panel.</summary>
    public static void PackRow(byte* panel, int lane, float* row, int k)
    {
        var scale = DynamicQuant.Scale(row, k);
        var quantized = stackalloc byte[Chunk];
        var target = (uint*)panel + lane;
        var sum = 0;
        for (var at = 0; at < k; at += Chunk)
        {
            var count = Math.Min(Chunk, k - at);
            var words = Words(count);
            *(uint*)(quantized + (4 * (words - 1))) = 0x80808080;
            DynamicQuant.Quantize(row + at, count, scale, quantized);
            for (var word = 0; word < words; word++, target += Width)
            {
                var signed = ((uint*)quantized)[word] ^ 0x80808080;
                *target = signed;
                sum += Sum(signed);
            }
        }

        Starts(panel, k)[lane] = -DynamicQuant.ZeroByte * sum;
        Scales(panel, k)[lane] = scale;
    }

    /// <summary>Puts a row of W that is quantised already into its lane of a panel.</summary>
    public static void PackRow(byte* panel, int lane, ReadOnlySpan<sbyte> row, float scale)
    {
        var target = (uint*)panel + lane;
        var sum = 0;
        foreach (var word in MemoryMarshal.Cast<sbyte, uint>(row))
        {
            *target = word;
            sum += Sum(word);
            target += Width;
        }

        if (row.Length % 4 != 0)
        {
            var last = 0u;
            for (var i = row.Length / 4 * 4; i < row.Length; i++)
                last |= (uint)(byte)row[i] << (8 * (i % 4));

            *target = last;
            sum += Sum(last);
        }

        Starts(panel, row.Length)[lane] = -DynamicQuant.ZeroByte * sum;
        Scales(panel, row.Length)[lane] = scale;
    }

    private static int Sum(uint bytes) => (sbyte)bytes + (sbyte)(bytes >> 8) + (sbyte)(bytes >> 16) + (sbyte)(bytes >> 24);
}
