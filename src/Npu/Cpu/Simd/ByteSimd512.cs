using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace AkkaCp.Npu.Cpu.Simd;

/// <summary>16 lanes.</summary>
internal readonly unsafe struct ByteSimd512 : IByteSimd<Vector512<int>>
{
    public static int Count => Vector512<int>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Load(int* source) => Vector512.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<int> value, int* destination) => value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Create(int word) => Vector512.Create(word);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> EvenSigned(Vector512<int> bytes) => ((bytes.AsInt16() << 8) >> 8).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> OddSigned(Vector512<int> bytes) => (bytes.AsInt16() >> 8).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> EvenUnsigned(Vector512<int> bytes) => bytes & Vector512.Create(0x00FF00FF);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> OddUnsigned(Vector512<int> bytes) => (bytes.AsInt16() >>> 8).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> AddPairs(Vector512<int> sum, Vector512<int> a, Vector512<int> b) =>
        sum + Avx512BW.MultiplyAddAdjacent(a.AsInt16(), b.AsInt16());
}
