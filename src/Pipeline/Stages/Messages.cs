using AkkaCp.Npu;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Pipeline.Stages;

// What travels between two stages. Letters: T local rows, H hidden size, N local query heads, D head dimension.
// The stage that receives a message owns its tensors: it passes them on or disposes them.

/// <summary>A plan that enters.</summary>
internal sealed record PlanMessage(StepContext Step)
{
    public override string ToString() => Step.Plan.ToString();
}

/// <summary>The residual stream [T, H], and its norm [T, H] with the weights of what reads it next: attention, MoE or MLP, or the head.</summary>
internal sealed record NormedMessage(StepContext Step, Tensor Hidden, Tensor Normed)
{
    public override string ToString() => Step.Plan.ToString();
}

/// <summary>Q [T, N, D] with its K‖V under way; <see cref="PendingKv"/> says what the pool still waits for.</summary>
internal sealed record QkvMessage(StepContext Step, Tensor Hidden, Tensor Query, PendingKv Kv)
{
    public override string ToString() => Step.Plan.ToString();
}

/// <summary>Q [T, N, D]; K and V of the step are in the pool.</summary>
internal sealed record QueryMessage(StepContext Step, Tensor Hidden, Tensor Query)
{
    public override string ToString() => Step.Plan.ToString();
}

/// <summary>Q cut into the early and the late zigzag blocks: views of <see cref="Query"/>, in one message so that they never part.</summary>
internal sealed record SplitQueryMessage(StepContext Step, Tensor Hidden, Tensor Query, TensorView Prev, TensorView Next)
{
    public override string ToString() => Step.Plan.ToString();
}

/// <summary>Attention's result [T, N, D]: the prev rows, behind them the next rows.</summary>
internal sealed record AttentionMessage(StepContext Step, Tensor Hidden, Tensor Attention)
{
    public override string ToString() => Step.Plan.ToString();
}

/// <summary>K‖V rows on their way into the pool.</summary>
/// <param name="Local">[T, 2·kvN·D] F32, this rank's rows as the product left them; null when all of them travel.</param>
/// <param name="Gathered">[gathered rows, 2·kvN·D] in the pool's type, K normed and rotated, rank-major, whole when the step's transfer
/// ends; null when nothing travels.</param>
internal sealed record PendingKv(Tensor? Local, Tensor? Gathered);

/// <summary>The tokens that this rank sampled.</summary>
internal sealed record SampledMessage(StepContext Step, System.Collections.Immutable.ImmutableArray<RequestSample> Samples)
{
    public override string ToString() => Step.Plan.ToString();
}
