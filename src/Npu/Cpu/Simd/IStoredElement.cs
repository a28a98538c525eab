using System.Runtime.CompilerServices;

namespace AkkaCp.Npu.Cpu.Simd;

/// <summary>The type that a kernel writes its F32 results in.</summary>
internal unsafe interface IStoredElement
{
    /// <summary>Writes neighbours from element <paramref name="index"/> of the row on, rounded to nearest even.</summary>
    static abstract void Store<TSimd, TVector>(TVector value, void* row, int index)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct;

    /// <summary>Writes one element with the same rounding.</summary>
    static abstract void Store(float value, void* row, int index);
}

/// <summary>F32.</summary>
internal readonly unsafe struct StoredF32 : IStoredElement
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<TSimd, TVector>(TVector value, void* row, int index)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct => TSimd.Store(value, (float*)row + index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float value, void* row, int index) => ((float*)row)[index] = value;
}

/// <summary>BF16, the upper half of an F32.</summary>
internal readonly unsafe struct StoredBF16 : IStoredElement
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<TSimd, TVector>(TVector value, void* row, int index)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct => TSimd.StoreBF16(value, (ushort*)row + index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float value, void* row, int index) => ((ushort*)row)[index] = BF16.FromSingle(value);
}
