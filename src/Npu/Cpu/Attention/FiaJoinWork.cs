using AkkaCp.Npu.Cpu.Threads;

namespace AkkaCp.Npu.Cpu.Attention;

/// <summary>Divided tiles as items: joins each one's shares in the order of their keys, as a tile that is whole does,
/// and writes its rows.</summary>
internal readonly struct FiaJoinWork(FiaProblem problem, FiaTiling tiling, FiaShares shares, FiaScratch[] scratch) : IWork
{
    private readonly FiaProblem _problem = problem;

    /// <inheritdoc/>
    public void Execute(int item, int worker)
    {
        scratch[worker].Reserve(_problem.HeadDim);
        ref readonly var tile = ref tiling.Divided(item, out var count);
        var (rows, width) = (tile.KvHeads * Fia.PaddedRows(tile.Tokens * _problem.Group), Fia.SumWidth(_problem.HeadDim));
        var total = scratch[worker].Total;
        total.Clear(rows, width);
        for (var share = tile.Share; share < tile.Share + count; share++)
            FiaMerge.AddInPlace(total, shares[share], rows, width, _problem.ScoreUnit);

        Fia.Store(_problem, tile, total);
    }
}
