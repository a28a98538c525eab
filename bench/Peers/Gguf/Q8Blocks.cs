using System.Buffers.Binary;

namespace AkkaCp.Bench.Peers.Gguf;

/// <summary>ggml's Q8_0: blocks of 32 values as an F16 scale d and 32 bytes q, x ≈ d · q, d = max |x| / 127.</summary>
internal static class Q8Blocks
{
    /// <summary>Values of a block.</summary>
    public const int Length = 32;

    /// <summary>Bytes of a block.</summary>
    public const int Bytes = 2 + Length;

    /// <summary>Quantises whole blocks.</summary>
    public static void Write(ReadOnlySpan<float> values, Span<byte> blocks)
    {
        for (; values.Length >= Length; values = values[Length..], blocks = blocks[Bytes..])
        {
            var max = 0f;
            foreach (var value in values[..Length])
                max = Math.Max(max, Math.Abs(value));
            var d = max / 127f;
            BinaryPrimitives.WriteHalfLittleEndian(blocks, (Half)d);
            for (var i = 0; i < Length; i++)
                blocks[2 + i] = (byte)(sbyte)(d == 0 ? 0 : MathF.Round(values[i] / d, MidpointRounding.AwayFromZero));
        }
    }
}
