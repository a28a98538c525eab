using System.Runtime.CompilerServices;

namespace AkkaCp.Npu.Cpu.Simd;

/// <summary>bfloat16 kept in a <see cref="ushort"/>: the upper half of an F32.</summary>
internal static class BF16
{
    /// <summary>Rounds to nearest, ties to even; a NaN becomes a quiet NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort FromSingle(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value)
            ? (ushort)((bits >> 16) | 0x40u)
            : (ushort)((bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16);
    }

    /// <summary>The same number as F32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float ToSingle(ushort value) => BitConverter.UInt32BitsToSingle((uint)value << 16);
}
