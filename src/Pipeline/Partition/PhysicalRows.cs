namespace AkkaCp.Pipeline.Partition;

/// <summary>
/// Rows with padding, for collectives or graphs that want the same row count on every rank. Attention never sees the pads:
/// it runs on logical rows only.
/// </summary>
public static class PhysicalRows
{
    /// <summary>Rows that every rank carries: the most logical rows of any rank, rounded up to <paramref name="align"/>.</summary>
    /// <param name="logicalRows">Rows of each rank without padding.</param>
    /// <param name="align">2C for zigzag.</param>
    /// <exception cref="ArgumentOutOfRangeException">The alignment is below 1.</exception>
    public static int Of(IReadOnlyCollection<int> logicalRows, int align)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(align, 1);
        var most = logicalRows.DefaultIfEmpty().Max();
        return checked((most + align - 1) / align * align);
    }

    /// <summary>Rows that every rank carries of a zigzag partition, aligned to 2C.</summary>
    public static int Of(ZigzagPartition partition)
    {
        ArgumentNullException.ThrowIfNull(partition);
        return Of(partition.PerRankTokens, partition.SegmentsPerRequest);
    }
}
