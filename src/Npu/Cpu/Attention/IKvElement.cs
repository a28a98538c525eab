using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using AkkaCp.Npu.Cpu.Simd;

namespace AkkaCp.Npu.Cpu.Attention;

/// <summary>How keys and values are stored.</summary>
internal unsafe interface IKvElement
{
    /// <summary>Bytes of one element.</summary>
    static abstract int Bytes { get; }

    /// <summary>Four neighbours as floats, exactly.</summary>
    static abstract Vector128<float> Load(byte* source);

    /// <summary>Sixteen neighbours as floats, exactly.</summary>
    static abstract Vector512<float> Load16(byte* source);

    /// <summary>As many neighbours as a vector holds as floats, exactly.</summary>
    static abstract TVector Load<TSimd, TVector>(byte* source)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct;
}

/// <summary>F32.</summary>
internal readonly unsafe struct KvF32 : IKvElement
{
    public static int Bytes => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Load(byte* source) => Vector128.Load((float*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load16(byte* source) => Vector512.Load((float*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load<TSimd, TVector>(byte* source)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct => TSimd.Load((float*)source);
}

/// <summary>BF16, the upper half of an F32.</summary>
internal readonly unsafe struct KvBF16 : IKvElement
{
    public static int Bytes => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Load(byte* source) => Simd128.LoadBF16((ushort*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load16(byte* source) => Simd512.LoadBF16((ushort*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load<TSimd, TVector>(byte* source)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct => TSimd.LoadBF16((ushort*)source);
}
