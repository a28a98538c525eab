using AkkaCp.Npu;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Pipeline.Stages;

// What travels between two stages. Letters: T local rows, H hidden size; … is Attention's own.
// The stage that receives a message owns its tensors: it passes them on or disposes them. Messages are values: a hop allocates no object.

/// <summary>A plan that enters.</summary>
internal readonly record struct PlanMessage(StepContext Step)
{
    public override string ToString() => Step.ToString();
}

/// <summary>The residual stream [T, H], and its norm [T, H] with the weights of what reads it next:
/// attention, MoE or MLP, or the head.</summary>
internal readonly record struct NormedMessage(StepContext Step, Tensor Hidden, Tensor Normed)
{
    public override string ToString() => Step.ToString();
}

/// <summary>Q [T, …] with its K‖V under way; <see cref="PendingKv"/> says what the pool still waits for.</summary>
internal readonly record struct QkvMessage(StepContext Step, Tensor Hidden, Tensor Query, PendingKv Kv)
{
    public override string ToString() => Step.ToString();
}

/// <summary>Q [T, …]; K and V of the step are in the pool.</summary>
internal readonly record struct QueryMessage(StepContext Step, Tensor Hidden, Tensor Query)
{
    public override string ToString() => Step.ToString();
}

/// <summary>Q cut into the early and the late zigzag blocks: views of <see cref="Query"/>,
/// in one message so that they never part.</summary>
internal readonly record struct SplitQueryMessage(StepContext Step, Tensor Hidden, Tensor Query, TensorView Prev, TensorView Next)
{
    public override string ToString() => Step.ToString();
}

/// <summary>Attention's result [T, …]: the prev rows, behind them the next rows.</summary>
internal readonly record struct AttentionMessage(StepContext Step, Tensor Hidden, Tensor Attention)
{
    public override string ToString() => Step.ToString();
}

/// <summary>K‖V rows on their way into the pool.</summary>
/// <param name="Local">[T, …] F32, this rank's rows as the products left them; null when all of them travel.</param>
/// <param name="Gathered">[gathered rows, row of the pool] in the pool's type, finished, rank-major, whole when the step's transfer
/// ends; null when nothing travels.</param>
internal readonly record struct PendingKv(Tensor? Local, Tensor? Gathered);

/// <summary>The tokens that this rank sampled.</summary>
internal readonly record struct SampledMessage(StepContext Step, System.Collections.Immutable.ImmutableArray<RequestSample> Samples)
{
    public override string ToString() => Step.ToString();
}

/// <summary>
/// What leaves a stage: its message, or the fault that ends the step; the message is empty then. A fault rides the same links to the end.
/// </summary>
internal readonly record struct StageResult<T>(StepContext Step, T Message, PipelineFault? Fault)
    where T : struct
{
    public override string ToString() => Fault is null ? Step.ToString() : $"{Step}: {Fault}";
}
