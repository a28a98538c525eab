using System.Runtime.CompilerServices;

namespace AkkaCp.Npu.Cpu.Simd;

/// <summary>One lane, for machines without vectors and to check the others against.</summary>
internal readonly unsafe struct ByteSimdScalar : IByteSimd<int>
{
    private const int EvenBytes = 0x00FF00FF;

    public static int Count => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Load(int* source) => *source;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(int value, int* destination) => *destination = value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Create(int word) => word;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int EvenSigned(int bytes) => Pair((sbyte)bytes, (sbyte)(bytes >> 16));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int OddSigned(int bytes) => Pair((sbyte)(bytes >> 8), (sbyte)(bytes >> 24));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int EvenUnsigned(int bytes) => bytes & EvenBytes;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int OddUnsigned(int bytes) => (bytes >> 8) & EvenBytes;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int AddPairs(int sum, int a, int b) => sum + ((short)a * (short)b) + ((a >> 16) * (b >> 16));

    private static int Pair(int low, int high) => (low & 0xFFFF) | (high << 16);
}
