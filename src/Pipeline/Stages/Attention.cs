using AkkaCp.Model.Weights;
using AkkaCp.Npu;
using AkkaCp.Pipeline.Kv;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Pipeline.Stages;

/// <summary>
/// The attention of a layer on this rank's share of the heads. It says what is projected, kept and attended to; the stages say which rows,
/// when, and what travels. What it keeps of a token is a <see cref="KvRow"/>. A row of a result depends on its own row of the input and on
/// its request's rows in the pool alone. Letters: T local rows, H hidden size.
/// </summary>
internal abstract class Attention
{
    /// <summary>The layer's attention, of the kind that its weights are.</summary>
    public static Attention Create(RankSetup setup, int layer) => setup.Weights.Layers[layer].Attention switch
    {
        GroupedQueryWeights weights => new GroupedQueryAttention(setup, layer, weights),
        var other => throw new ArgumentException($"layer {layer} has weights of an unknown attention: {other}"),
    };

    /// <summary>Elements of a row of <see cref="Attend"/>'s result.</summary>
    public abstract int ResultLength { get; }

    /// <summary>What the pool will keep of x [T, H], as the products leave it: [T, …] F32.</summary>
    public abstract Tensor ProjectKv(StepContext step, TensorView x);

    /// <summary>Finishes rows of <see cref="ProjectKv"/> in the caches' type and puts each to its slot. The caches are the pool's, or the
    /// gather's buffer taken as caches with one slot in each block.</summary>
    /// <param name="step">Has the rows' rotary angles.</param>
    /// <param name="kv">[T, …], stays as it is.</param>
    /// <param name="slots">[T]: block · block size + offset, or -1 to skip the row.</param>
    /// <param name="keys">[blocks, block size, kvN, KeyDim].</param>
    /// <param name="values">[blocks, block size, kvN, ValueDim].</param>
    public abstract void WriteKv(StepContext step, TensorView kv, ReadOnlySpan<int> slots, TensorView keys, TensorView values);

    /// <summary>The query rows of x [T, H], as <see cref="Attend"/> takes them: [T, …] F32.</summary>
    public abstract Tensor ProjectQuery(StepContext step, TensorView x);

    /// <summary>Lets query rows attend to what the pool keeps of their requests, bottom-right causal.</summary>
    /// <param name="step">Has the block table.</param>
    /// <param name="query">[rows, …], at least one: the last rows of each request, one request behind the other.</param>
    /// <param name="cumulativeQ">[requests] rows up to each request's last one.</param>
    /// <param name="kv">[requests] keys that the last row of each request sees.</param>
    /// <param name="result">[rows, <see cref="ResultLength"/>] F32.</param>
    public abstract void Attend(StepContext step, TensorView query, int[] cumulativeQ, int[] kv, TensorView result);

    /// <summary>This rank's part of the sum over ATTN_TP, [T, H] F32, from all rows of <see cref="Attend"/>'s result. A bias of the
    /// output is on one rank of the group only, so that the sum adds it once.</summary>
    public abstract Tensor ProjectOutput(StepContext step, TensorView result);
}
