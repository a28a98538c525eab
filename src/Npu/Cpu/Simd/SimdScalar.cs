using System.Runtime.CompilerServices;

namespace AkkaCp.Npu.Cpu.Simd;

/// <summary>One float, for machines without vectors and to check the others against.</summary>
internal readonly unsafe struct SimdScalar : ISimd<float>
{
    public static int Count => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Load(float* source) => *source;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float value, float* destination) => *destination = value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float LoadBF16(ushort* source) => BF16.ToSingle(*source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float LoadLowBF16(uint* source) => BitConverter.UInt32BitsToSingle(*source << 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float LoadHighBF16(uint* source) => BitConverter.UInt32BitsToSingle(*source & 0xFFFF0000u);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreBF16(float value, ushort* destination) => *destination = BF16.FromSingle(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Create(float value) => value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Add(float a, float b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Subtract(float a, float b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Multiply(float a, float b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Divide(float a, float b) => a / b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MultiplyAdd(float a, float b, float c) => MathF.FusedMultiplyAdd(a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Max(float a, float b) => MathF.Max(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MaxAcross(float value) => value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float AddAcross(float value) => value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Exp(float x) => VectorMath.Exp(x);
}
