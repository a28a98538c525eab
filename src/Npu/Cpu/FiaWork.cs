namespace AkkaCp.Npu.Cpu;

/// <summary>The tiles of an attention call as items.</summary>
internal readonly struct FiaWork(FiaProblem problem, FiaPlan plan, FiaScratch[] scratch) : IWork
{
    private readonly FiaProblem _problem = problem;

    /// <inheritdoc/>
    public void Execute(int item, int worker)
    {
        scratch[worker].Reserve(_problem.HeadDim);
        Kernels.Fia.Compute(_problem, plan[item], scratch[worker]);
    }
}
