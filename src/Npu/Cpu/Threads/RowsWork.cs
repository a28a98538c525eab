namespace AkkaCp.Npu.Cpu.Threads;

/// <summary>Work on rows that do not touch each other.</summary>
internal interface IRowWork
{
    /// <summary>Does one row.</summary>
    void Execute(int row);
}

/// <summary>Groups of neighbouring rows as items, so that a short row costs no item of its own.</summary>
internal readonly struct RowsWork<TRow>(TRow work, int rows, int rowsPerItem) : IWork
    where TRow : struct, IRowWork
{
    /// <inheritdoc/>
    public void Execute(int item, int worker)
    {
        var end = Math.Min(rows, (item + 1) * rowsPerItem);
        for (var row = item * rowsPerItem; row < end; row++)
            work.Execute(row);
    }
}
