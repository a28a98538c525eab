using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace AkkaCp.Npu.Cpu.Simd;

/// <summary>4 lanes.</summary>
internal readonly unsafe struct ByteSimd128 : IByteSimd<Vector128<int>>
{
    public static int Count => Vector128<int>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Load(int* source) => Vector128.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector128<int> value, int* destination) => value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Create(int word) => Vector128.Create(word);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> EvenSigned(Vector128<int> bytes) => ((bytes.AsInt16() << 8) >> 8).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> OddSigned(Vector128<int> bytes) => (bytes.AsInt16() >> 8).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> EvenUnsigned(Vector128<int> bytes) => bytes & Vector128.Create(0x00FF00FF);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> OddUnsigned(Vector128<int> bytes) => (bytes.AsInt16() >>> 8).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> AddPairs(Vector128<int> sum, Vector128<int> a, Vector128<int> b) => Sse2.IsSupported
        ? sum + Sse2.MultiplyAddAdjacent(a.AsInt16(), b.AsInt16())
        : sum + (((a << 16) >> 16) * ((b << 16) >> 16)) + ((a >> 16) * (b >> 16));
}
