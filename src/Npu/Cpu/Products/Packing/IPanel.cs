using System.Runtime.CompilerServices;
using AkkaCp.Npu.Cpu.Simd;

namespace AkkaCp.Npu.Cpu.Products.Packing;

/// <summary>How a product reads one row of a weight panel: 32 outputs as two groups of 16, of which it takes Count lanes each.</summary>
internal interface IPanel<TVector>
    where TVector : struct
{
    /// <summary>Bytes of one row, 32 outputs.</summary>
    static abstract int RowBytes { get; }

    /// <summary>Outputs lane .. lane+Count-1.</summary>
    static abstract unsafe TVector First(byte* row, int lane);

    /// <summary>Outputs 16+lane .. 16+lane+Count-1.</summary>
    static abstract unsafe TVector Second(byte* row, int lane);
}

/// <summary>F32: 32 floats in order.</summary>
internal readonly unsafe struct PanelF32<TSimd, TVector> : IPanel<TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    public static int RowBytes => 128;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector First(byte* row, int lane) => TSimd.Load((float*)row + lane);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Second(byte* row, int lane) => TSimd.Load((float*)row + 16 + lane);
}

/// <summary>BF16: word j holds output j in its lower half and output j+16 in its upper half.</summary>
internal readonly unsafe struct PanelBF16<TSimd, TVector> : IPanel<TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    public static int RowBytes => 64;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector First(byte* row, int lane) => TSimd.LoadLowBF16((uint*)row + lane);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Second(byte* row, int lane) => TSimd.LoadHighBF16((uint*)row + lane);
}
