using AkkaCp.Npu.Cpu.Threads;

namespace AkkaCp.Npu.Cpu.Attention;

/// <summary>The tiles of an attention call as items.</summary>
internal readonly struct FiaWork(FiaProblem problem, FiaTiling tiling, FiaShares shares, FiaScratch[] scratch) : IWork
{
    private readonly FiaProblem _problem = problem;

    /// <inheritdoc/>
    public void Execute(int item, int worker)
    {
        scratch[worker].Reserve(_problem.HeadDim);
        ref readonly var task = ref tiling[item];
        Attention.Fia.Compute(_problem, task, scratch[worker], task.Share < 0 ? null : shares[task.Share]);
    }
}
