using AkkaCp.Npu.Cpu.Attention;

namespace AkkaCp.Npu.Cpu;

// Attention.
public sealed partial class CpuDevice
{
    private readonly FiaPlan _fiaPlan = new();
    private readonly FiaParts _fiaParts;
    private readonly FiaScratch[] _fiaScratch;

    /// <inheritdoc cref="INpuDevice.FusedInferAttentionScore"/>
    public void FusedInferAttentionScore(in FiaArguments arguments)
    {
        var problem = FiaValidation.Resolve(arguments);
        if (problem.KvType == DType.BF16 && _variant.PairTiles is { } tiles)
        {
            problem.TakePairs(tiles);
        }

        _fiaPlan.Build(problem, Threads);
        _fiaParts.Reserve(_fiaPlan.Parts, _fiaPlan.PartRows, Attention.Fia.SumWidth(problem.HeadDim));
        Workers.Run(_fiaPlan.Count, new FiaWork(problem, _fiaPlan, _fiaParts, _fiaScratch));
        if (_fiaPlan.DividedCount > 0)
        {
            Workers.Run(_fiaPlan.DividedCount, new FiaJoinWork(problem, _fiaPlan, _fiaParts, _fiaScratch));
        }
    }

    private void FreeAttention()
    {
        foreach (var scratch in _fiaScratch)
        {
            scratch.Free();
        }

        _fiaParts.Free();
    }
}
