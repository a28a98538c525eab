using AkkaCp.Model.Weights;
using AkkaCp.Npu;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Pipeline.Stages;

/// <summary>
/// Several query heads read one key/value head: softmax(q·kᵀ / √D)·v, with q and k normed for each head and rotated. Letters: N query and
/// kvN key/value heads of this rank, D head dimension.
/// </summary>
internal sealed class GroupedQueryAttention(RankSetup setup, int layer, GroupedQueryWeights weights) : Attention
{
    private const int BottomRightCausal = 3;

    private readonly INpuDevice _device = setup.Device;
    private readonly int _headDim = setup.Weights.Config.HeadDim;
    private readonly float _eps = setup.Weights.Config.RmsNormEps;

    /// <summary>N·D.</summary>
    public override int ResultLength => weights.O.K;

    /// <summary>K‖V [T, 2·kvN·D].</summary>
    public override Tensor ProjectKv(StepContext step, TensorView x)
    {
        var kv = step.Rent(DType.F32, x.Rows, 2 * weights.NumKvHeads * _headDim);
        var column = 0;
        foreach (var matrix in weights.Kv)
        {
            _device.MatMul(x, matrix, weights.KvBias?.View.Slice(column, matrix.N), kv.View.Columns(column, matrix.N));
            column += matrix.N;
        }

        return kv;
    }

    /// <summary>K normed and rotated, V as it is.</summary>
    public override void WriteKv(StepContext step, TensorView kv, ReadOnlySpan<int> slots, TensorView keys, TensorView values) =>
        _device.KvRmsNormRopeCache(kv, weights.KNorm, step.Cos, step.Sin, slots, keys, values, _eps);

    /// <summary>Q [T, N, D], normed and rotated.</summary>
    public override Tensor ProjectQuery(StepContext step, TensorView x)
    {
        var query = step.Rent(DType.F32, x.Rows, weights.NumHeads, _headDim);
        _device.MatMul(x, weights.Q, weights.QBias?.View, query.View.Reshape(x.Rows, weights.Q.N));
        _device.QRmsNormRope(query, weights.QNorm, step.Cos, step.Sin, _eps);
        return query;
    }

    /// <summary>One FIA call (TND) over the paged pool.</summary>
    public override void Attend(StepContext step, TensorView query, int[] cumulativeQ, int[] kv, TensorView result) =>
        _device.FusedInferAttentionScore(new FiaArguments
        {
            Query = query,
            Key = setup.Kv.Keys(layer),
            Value = setup.Kv.Values(layer),
            Output = result.Reshape(query.Rows, weights.NumHeads, _headDim),
            InputLayout = FiaInputLayout.Tnd,
            NumHeads = weights.NumHeads,
            NumKeyValueHeads = weights.NumKvHeads,
            Scale = 1f / MathF.Sqrt(_headDim),
            SparseMode = BottomRightCausal,
            NextTokens = 0,
            AttenMask = FiaMask.Compressed,
            ActualSeqLengths = cumulativeQ,
            ActualSeqLengthsKv = kv,
            BlockTable = step.RowMap.BlockTable,
            BlockTableRows = step.RowMap.Sequences.Count,
            BlockSize = setup.Kv.Shape.BlockSize,
        });

    /// <summary>o = result·Woᵀ.</summary>
    public override Tensor ProjectOutput(StepContext step, TensorView result)
    {
        var o = step.Rent(DType.F32, result.Rows, weights.O.N);
        _device.MatMul(result, weights.O, weights.OBias?.View, o);
        return o;
    }
}
