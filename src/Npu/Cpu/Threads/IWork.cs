namespace AkkaCp.Npu.Cpu.Threads;

/// <summary>Work that a <see cref="WorkerPool"/> divides: items are independent, and may run in any order on any worker.</summary>
internal interface IWork
{
    /// <summary>Does item <paramref name="item"/>; <paramref name="worker"/> (0 ≤ worker &lt;
    /// threads) names the scratch it may use.</summary>
    void Execute(int item, int worker);
}
