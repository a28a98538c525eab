using System.Runtime.Intrinsics;

namespace AkkaCp.Model.Gguf.Encoders;

/// <summary>Nearest whole numbers, halves to even, as llama.cpp's K types have them.</summary>
internal static class Rounding
{
    // 1.5 · 2²³: a float beside it has no fraction.
    private const float Shift = 12_582_912;

    /// <summary>Of magnitudes below 2²².</summary>
    public static float Nearest(float x) => x + Shift - Shift;

    /// <summary>Rounded, then brought inside the limits.</summary>
    public static Vector256<float> Clamp(Vector256<float> x, Vector256<float> least, Vector256<float> largest)
    {
        var shift = Vector256.Create(Shift);
        return Vector256.MaxNative(Vector256.MinNative(x + shift - shift, largest), least);
    }
}
