using System.Runtime.CompilerServices;
using AkkaCp.Collectives.Calls;
using AkkaCp.Npu;

namespace AkkaCp.Pipeline.Stages;

/// <summary>o = output projection of prev ‖ next, summed over ATTN_TP; hidden += o; normed = rms_norm(hidden).</summary>
internal sealed class ConcatStage(RankSetup setup, int layer, Attention attention, CancellationToken graph)
{
    private readonly Tensor _norm = setup.Weights.Layers[layer].PostAttentionNorm;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<NormedMessage> RunAsync(AttentionMessage message)
    {
        var (step, hidden, result) = message;
        var o = attention.ProjectOutput(step, result);
        result.Dispose();
        if (setup.Groups.AttnTp.Size > 1)
            await step.WaitFor(setup.Groups.AttnTp.AllReduceAsync(step.Tag(layer, CollectiveKind.AttentionReduce), o, graph));

        // The norm takes the place of what was added, which is in cache.
        setup.Device.AddRmsNorm(hidden, o, _norm, setup.Weights.Config.RmsNormEps, o, hidden);
        return new NormedMessage(step, hidden, o);
    }
}
