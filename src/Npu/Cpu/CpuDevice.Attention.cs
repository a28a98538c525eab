using AkkaCp.Npu.Cpu.Attention;

namespace AkkaCp.Npu.Cpu;

// Attention.
public sealed partial class CpuDevice
{
    private readonly FiaTiling _fiaTiling = new();
    private readonly FiaShares _fiaShares;
    private readonly FiaScratch[] _fiaScratch;

    /// <inheritdoc cref="INpuDevice.FusedInferAttentionScore"/>
    public void FusedInferAttentionScore(in FiaArguments arguments)
    {
        var problem = FiaValidation.Resolve(arguments);
        if (problem.KvType == DType.BF16 && _variant.PairTiles is { } tiles)
            problem.TakePairs(tiles);
        else if (_variant.FloatTiles is { } floats)
            problem.TakeFloats(floats, _variant.Lanes);

        _fiaTiling.Build(problem, Threads);
        _fiaShares.Reserve(_fiaTiling.Shares, _fiaTiling.ShareRows, Attention.Fia.SumWidth(problem.HeadDim));
        Workers.Run(_fiaTiling.Count, new FiaWork(problem, _fiaTiling, _fiaShares, _fiaScratch));
        if (_fiaTiling.DividedCount > 0)
            Workers.Run(_fiaTiling.DividedCount, new FiaJoinWork(problem, _fiaTiling, _fiaShares, _fiaScratch));
    }

    private void FreeAttention()
    {
        foreach (var scratch in _fiaScratch)
            scratch.Free();

        _fiaShares.Free();
    }
}
