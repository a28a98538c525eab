namespace AkkaCp.Npu;

/// <summary>
/// Sizes in bytes whose factors come from files and settings: what is more than any machine has stays at <see cref="Most"/> and does not
/// wrap around, so that it compares as what it is.
/// </summary>
public static class ByteCount
{
    /// <summary>The largest count, so far below the type's end that some of them can be added.</summary>
    public const long Most = long.MaxValue / 8;

    /// <summary>The product of sizes, none negative.</summary>
    public static long Product(params ReadOnlySpan<long> factors)
    {
        var product = 1L;
        foreach (var factor in factors)
            product = (long)Int128.Min(Most, (Int128)product * factor);
        return product;
    }

    /// <summary>The sum of sizes, none negative.</summary>
    public static long Sum(params IEnumerable<long> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        var sum = 0L;
        foreach (var part in parts)
            sum = (long)Int128.Min(Most, (Int128)sum + part);
        return sum;
    }
}
