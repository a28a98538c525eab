using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace AkkaCp.Npu.Cpu.Simd;

/// <summary>8 lanes.</summary>
internal readonly unsafe struct ByteSimd256 : IByteSimd<Vector256<int>>
{
    public static int Count => Vector256<int>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Load(int* source) => Vector256.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector256<int> value, int* destination) => value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Create(int word) => Vector256.Create(word);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> EvenSigned(Vector256<int> bytes) => ((bytes.AsInt16() << 8) >> 8).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> OddSigned(Vector256<int> bytes) => (bytes.AsInt16() >> 8).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> EvenUnsigned(Vector256<int> bytes) => bytes & Vector256.Create(0x00FF00FF);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> OddUnsigned(Vector256<int> bytes) => (bytes.AsInt16() >>> 8).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> AddPairs(Vector256<int> sum, Vector256<int> a, Vector256<int> b) =>
        sum + Avx2.MultiplyAddAdjacent(a.AsInt16(), b.AsInt16());
}
