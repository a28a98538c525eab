using AkkaCp.Npu.Cpu.Threads;

namespace AkkaCp.Npu.Cpu.Attention;

/// <summary>Divided tiles as items: joins each one's parts in the order of their keys, as a tile that is whole does,
/// and writes its rows.</summary>
internal readonly struct FiaJoinWork(FiaProblem problem, FiaPlan plan, FiaParts parts, FiaScratch[] scratch) : IWork
{
    private readonly FiaProblem _problem = problem;

    /// <inheritdoc/>
    public void Execute(int item, int worker)
    {
        scratch[worker].Reserve(_problem.HeadDim);
        ref readonly var tile = ref plan.Divided(item, out var count);
        var (rows, width) = (tile.KvHeads * Fia.PaddedRows(tile.Tokens * _problem.Group), Fia.SumWidth(_problem.HeadDim));
        var total = scratch[worker].Total;
        total.Clear(rows, width);
        for (var part = tile.Part; part < tile.Part + count; part++)
        {
            FiaMerge.AddInPlace(total, parts[part], rows, width, _problem.ScoreUnit);
        }

        Fia.Store(_problem, tile, total);
    }
}
