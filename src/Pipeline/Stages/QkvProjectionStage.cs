using AkkaCp.Model.Weights;
using AkkaCp.Npu;
using AkkaCp.Pipeline.Groups;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Pipeline.Stages;

/// <summary>
/// x = rms_norm(hidden); K, V and Q of this rank's rows and heads. K and V come first and their gather starts at once, so that it
/// travels behind the Q product, the larger one. K and V are one buffer [T, 2·kvN·D], so that one collective moves both.
/// </summary>
internal sealed class QkvProjectionStage(RankSetup setup, int layer, CancellationToken graph)
{
    private readonly INpuDevice _device = setup.Device;
    private readonly LayerWeights _weights = setup.Weights.Layers[layer];
    private readonly int _headDim = setup.Weights.Config.HeadDim;
    private readonly float _eps = setup.Weights.Config.RmsNormEps;

    public QkvMessage Run(HiddenMessage message)
    {
        var step = message.Step;
        using var x = step.Rent(DType.F32, message.Hidden.View.Rows, message.Hidden.View.RowLength);
        _device.RmsNorm(message.Hidden, _weights.InputNorm, _eps, x);
        var kv = StartGather(step, ProjectKv(step, x));
        return new QkvMessage(step, message.Hidden, ProjectQuery(step, x), kv);
    }

    /// <summary>K‖V of the local rows, K normed and rotated, in the pool's type.</summary>
    private Tensor ProjectKv(StepContext step, TensorView x)
    {
        var attention = _weights.Attention;
        var width = attention.NumKvHeads * _headDim;
        var kv = step.Rent(DType.F32, x.Rows, 2 * width);
        _device.MatMul(x, attention.Kv, attention.KvBias?.View, kv);
        NormAndRotate(step, kv.View.Columns(0, width).Reshape(x.Rows, attention.NumKvHeads, _headDim), attention.KNorm);
        if (setup.Kv.Shape.DType == DType.F32)
        {
            return kv;
        }

        using (kv)
        {
            var rounded = step.Rent(setup.Kv.Shape.DType, x.Rows, 2 * width);
            _device.Cast(kv, rounded);
            return rounded;
        }
    }

    private Tensor ProjectQuery(StepContext step, TensorView x)
    {
        var attention = _weights.Attention;
        var query = step.Rent(DType.F32, x.Rows, attention.NumHeads, _headDim);
        _device.MatMul(x, attention.Q, attention.QBias?.View, query.View.Reshape(x.Rows, attention.NumHeads * _headDim));
        NormAndRotate(step, query, attention.QNorm);
        return query;
    }

    private void NormAndRotate(StepContext step, TensorView heads, Tensor? norm)
    {
        if (norm is { } gamma)
        {
            _device.RmsNorm(heads, gamma, _eps, heads);
        }

        _device.RotaryMul(heads, step.Cos, step.Sin);
    }

    private PendingKv StartGather(StepContext step, Tensor local)
    {
        var rows = step.Layout.All;
        if (!rows.NeedsGather)
        {
            return new PendingKv(local, null);
        }

        var gathered = step.Rent(local.View.DType, rows.Gather.TotalRows, local.View.RowLength);
        var send = SelectGatherRows(step, local);
        step.Begin(setup.Groups.AttnCp.AllGatherAsync(
            step.Tag(layer, CollectiveKind.KvGather), send, gathered, rows.Gather.RowsPerRankMemory, graph));
        var own = rows.Gather.RowsPerRank[setup.Groups.AttnCp.Rank];
        step.KvBytesGathered += (long)(rows.Gather.TotalRows - own) * local.View.RowLength * local.View.DType.Bytes();
        return new PendingKv(local, gathered);
    }

    /// <summary>The rows that travel: all, unless replicated requests are in the step too.</summary>
    private Tensor SelectGatherRows(StepContext step, Tensor local)
    {
        var wanted = step.Layout.Rows.GatherRows;
        if (wanted.Length == local.View.Rows)
        {
            return local;
        }

        var send = step.Rent(local.View.DType, wanted.Length, local.View.RowLength);
        _device.IndexSelect(local, wanted, send);
        return send;
    }
}
