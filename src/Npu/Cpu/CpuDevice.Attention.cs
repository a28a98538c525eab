namespace AkkaCp.Npu.Cpu;

// Attention.
public sealed partial class CpuDevice
{
    private readonly FiaPlan _fiaPlan = new();
    private readonly FiaScratch[] _fiaScratch;

    /// <inheritdoc cref="INpuDevice.FusedInferAttentionScore"/>
    public void FusedInferAttentionScore(in FiaArguments arguments)
    {
        var problem = FiaValidation.Resolve(arguments);
        _fiaPlan.Build(problem, Threads);
        Workers.Run(_fiaPlan.Count, new FiaWork(problem, _fiaPlan, _fiaScratch));
    }

    private void FreeAttention()
    {
        foreach (var scratch in _fiaScratch)
        {
            scratch.Free();
        }
    }
}
