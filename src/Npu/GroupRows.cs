namespace AkkaCp.Npu;

/// <summary>Rows of a quantised weight matrix on their way into a <see cref="PackedMatrix"/>: every code in a byte of its own.</summary>
public readonly ref struct GroupRows
{
    /// <summary>[rows, K]: codes, unsigned but for <see cref="GroupFormat.HasSignedCodes"/>.</summary>
    public required Span<byte> Codes { get; init; }

    /// <summary>[rows, K / BlockInputs]: d in IEEE binary16, finite.</summary>
    public required Span<ushort> Scales { get; init; }

    /// <summary>[rows, K / BlockInputs]: m or dmin in IEEE binary16, finite; empty where the format has none.</summary>
    public Span<ushort> Mins { get; init; }

    /// <summary>[rows, K / BlockInputs]: zeros, 0 to 16, or to 255 with codes of 8 bits; empty where the format has none.</summary>
    public Span<byte> Zeros { get; init; }

    /// <summary>[rows, K / GroupInputs]: scales, 0 to 63, where there are no minimums signed; empty where the format has none.</summary>
    public Span<byte> GroupScales { get; init; }

    /// <summary>[rows, K / GroupInputs]: minimums, 0 to 63; empty where the format has none.</summary>
    public Span<byte> GroupMins { get; init; }
}
