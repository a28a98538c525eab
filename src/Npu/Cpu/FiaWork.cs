namespace AkkaCp.Npu.Cpu;

/// <summary>The tiles of an attention call as items.</summary>
internal readonly struct FiaWork(FiaProblem problem, FiaPlan plan, FiaParts parts, FiaScratch[] scratch) : IWork
{
    private readonly FiaProblem _problem = problem;

    /// <inheritdoc/>
    public void Execute(int item, int worker)
    {
        scratch[worker].Reserve(_problem.HeadDim);
        ref readonly var task = ref plan[item];
        Kernels.Fia.Compute(_problem, task, scratch[worker], task.Part < 0 ? null : parts[task.Part]);
    }
}
