using AkkaCp.Npu;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Pipeline.Stages;

/// <summary>
/// Attention of the prev rows, then of the next rows: two FIA calls over the paged pool, each with its own query and key lengths. Both
/// write into one buffer, which is their concatenation. Always through the pool, never from fresh K and V: one path for prefix, chunk
/// and decode.
/// </summary>
internal sealed class DualFiaStage(Attention attention)
{
    public AttentionMessage Run(SplitQueryMessage message)
    {
        var step = message.Step;
        var rows = step.RowMap.Rows;
        var result = step.Rent(DType.F32, message.Query.View.Rows, attention.ResultLength);
        Attend(step, message.Prev, rows.CuQPrev, rows.KvPrev, result.View.Slice(0, rows.TotalQPrev));
        Attend(step, message.Next, rows.CuQNext, rows.KvNext, result.View.Slice(rows.TotalQPrev, rows.TotalQNext));
        message.Query.Dispose();
        return new AttentionMessage(step, message.Hidden, result);
    }

    private void Attend(StepContext step, TensorView query, int[] cumulativeQ, int[] kv, TensorView result)
    {
        if (query.Rows > 0)
            attention.Attend(step, query, cumulativeQ, kv, result);
    }
}
