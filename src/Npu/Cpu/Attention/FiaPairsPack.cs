using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace AkkaCp.Npu.Cpu.Attention;

/// <summary>
/// Copies a block's BF16 keys and values into panels of pairs: 32 words side by side, each of which holds two neighbours in the sum that
/// it goes into. For a key those are dimensions 2i and 2i+1, for a dimension of the values keys 2i and 2i+1.
/// </summary>
internal static unsafe class FiaPairsPack
{
    private const int Columns = Fia.PanelColumns;

    /// <summary>Words of a panel of values.</summary>
    public const int ValuePanelWords = Fia.Block / 2 * Columns;

    /// <summary>
    /// Keys rows[0..count) + offset of D elements into [⌈count / 32⌉][D / 2][32 words]. D / 2 words of a key lie together already, so this
    /// is the copy of as many F32.
    /// </summary>
    public static void Keys(byte** rows, nint offset, int count, int d, uint* panels) =>
        FiaPack<KvF32>.Keys(rows, offset, count, d / 2, (float*)panels);

    /// <summary>
    /// Values rows[0..count) + offset of D elements into [⌈D / 32⌉][32][32 words]; columns behind D become 0. An odd count is filled up
    /// with the row behind it. True when all are finite: only then may a hidden value be multiplied by a weight of 0 instead of being left
    /// out.
    /// </summary>
    public static bool Values(byte** rows, nint offset, int count, int d, uint* panels)
    {
        var whole = d / Columns * Columns;
        var finite = WholePanels(rows, offset, count, whole, panels);
        return whole == d
            ? finite
            : finite & LastPanel(rows, offset + (whole * KvBF16.Bytes), count, d - whole, panels + (whole / Columns * ValuePanelWords));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool WholePanels(byte** rows, nint offset, int count, int d, uint* panels)
    {
        var (low, high) = (Interleave(0), Interleave(16));
        var magnitude = Vector512.Create((ushort)0x7FFF);
        var largest = Vector512<ushort>.Zero;
        for (var k = 0; k < count; k += 2, panels += Columns)
        {
            var even = (ushort*)(rows[k] + offset);
            var odd = (ushort*)(rows[k + 1] + offset);
            var target = (ushort*)panels;
            for (var first = 0; first < d; first += Columns, target += 2 * ValuePanelWords)
            {
                var (a, b) = (Vector512.Load(even + first), Vector512.Load(odd + first));
                largest = Vector512.Max(largest, Vector512.Max(a & magnitude, b & magnitude));
                Avx512BW.PermuteVar32x16x2(a, low, b).Store(target);
                Avx512BW.PermuteVar32x16x2(a, high, b).Store(target + Columns);
            }
        }

        // Infinities and NaNs have the largest magnitudes.
        return Vector512.LessThanAll(largest, Vector512.Create((ushort)0x7F80));
    }

    // Fewer than 32 dimensions, then zeros.
    private static bool LastPanel(byte** rows, nint offset, int count, int d, uint* panel)
    {
        var finite = true;
        for (var k = 0; k < count; k += 2, panel += Columns)
        {
            var even = (ushort*)(rows[k] + offset);
            var odd = (ushort*)(rows[k + 1] + offset);
            for (var j = 0; j < Columns; j++)
            {
                panel[j] = j < d ? even[j] | ((uint)odd[j] << 16) : 0u;
                finite &= j >= d || ((even[j] & 0x7FFF) < 0x7F80 && (odd[j] & 0x7FFF) < 0x7F80);
            }
        }

        return finite;
    }

    // Element j of one vector beside element j of the other, j from first on.
    private static Vector512<ushort> Interleave(uint first)
    {
        var even = Vector512.CreateSequence(first, 1u);
        return (even | ((even + Vector512.Create((uint)Columns)) << 16)).AsUInt16();
    }
}
