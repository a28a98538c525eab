using System.Runtime.CompilerServices;
using AkkaCp.Collectives.Calls;
using AkkaCp.Model.Weights;
using AkkaCp.Npu;

namespace AkkaCp.Pipeline.Stages;

/// <summary>
/// o = (prev ‖ next)·Woᵀ, summed over ATTN_TP; hidden += o; normed = rms_norm(hidden). The bias of o, where a model has one, is on one
/// rank of the group only, so that the sum adds it once.
/// </summary>
internal sealed class ConcatStage(RankSetup setup, int layer, CancellationToken graph)
{
    private readonly LayerWeights _weights = setup.Weights.Layers[layer];

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<NormedMessage> RunAsync(AttentionMessage message)
    {
        var (step, hidden, attention) = message;
        var rows = hidden.View.Rows;
        var o = step.Rent(DType.F32, rows, hidden.View.RowLength);
        var projection = _weights.Attention;
        setup.Device.MatMul(attention.View.Reshape(rows, projection.O.K), projection.O, projection.OBias?.View, o);
        attention.Dispose();
        if (setup.Groups.AttnTp.Size > 1)
            await step.WaitFor(setup.Groups.AttnTp.AllReduceAsync(step.Tag(layer, CollectiveKind.AttentionReduce), o, graph));

        // The norm takes the place of what was added, which is in cache.
        setup.Device.AddRmsNorm(hidden, o, _weights.PostAttentionNorm, setup.Weights.Config.RmsNormEps, o, hidden);
        return new NormedMessage(step, hidden, o);
    }
}
