namespace AkkaCp.Model.Quantized;

/// <summary>What bytes of one-byte types stand for.</summary>
internal static class ByteValues
{
    private const int Bias = 7;
    private const int MostExponent = 15;

    /// <summary>E4M3 (fn): sign, 4 bits of exponent, 3 of fraction; 0x7F and 0xFF are NaN, nothing is infinite.</summary>
    public static float[] E4M3 { get; } = [.. Enumerable.Range(0, 256).Select(bits => OfE4M3((byte)bits))];

    /// <summary>Two's complement.</summary>
    public static float[] Signed { get; } = [.. Enumerable.Range(0, 256).Select(bits => (float)(sbyte)(byte)bits)];

    private static float OfE4M3(byte bits)
    {
        var (exponent, fraction) = ((bits >> 3) & MostExponent, bits & 7);
        var value = (exponent, fraction) switch
        {
            (MostExponent, 7) => float.NaN,
            (0, _) => MathF.ScaleB(fraction, 1 - Bias - 3),
            _ => MathF.ScaleB(8 + fraction, exponent - Bias - 3),
        };
        return bits >= 128 ? -value : value;
    }
}
