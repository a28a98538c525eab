using AkkaCp.Collectives.Calls;
using AkkaCp.Model.Weights;
using AkkaCp.Npu;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Pipeline.Stages;

/// <summary>
/// K, V and Q of this rank's rows and heads, from the normed hidden rows. K and V come first and their gather starts at once, so that it
/// travels behind the Q product, the larger one. K and V are one buffer [T, 2·kvN·D], so that one collective moves both.
/// </summary>
internal sealed class QkvProjectionStage(RankSetup setup, int layer, CancellationToken graph)
{
    private readonly INpuDevice _device = setup.Device;
    private readonly AttentionWeights _weights = setup.Weights.Layers[layer].Attention;
    private readonly int _headDim = setup.Weights.Config.HeadDim;
    private readonly float _eps = setup.Weights.Config.RmsNormEps;

    public QkvMessage Run(NormedMessage message)
    {
        var (step, hidden, normed) = message;
        var kv = StartGather(step, ProjectKv(step, normed));
        var query = ProjectQuery(step, normed);
        normed.Dispose();
        return new QkvMessage(step, hidden, query, kv);
    }

    /// <summary>K‖V of the local rows as the product leaves them.</summary>
    private Tensor ProjectKv(StepContext step, TensorView x)
    {
        var kv = step.Rent(DType.F32, x.Rows, _weights.Kv.N);
        _device.MatMul(x, _weights.Kv, _weights.KvBias?.View, kv);
        return kv;
    }

    private Tensor ProjectQuery(StepContext step, TensorView x)
    {
        var query = step.Rent(DType.F32, x.Rows, _weights.NumHeads, _headDim);
        _device.MatMul(x, _weights.Q, _weights.QBias?.View, query.View.Reshape(x.Rows, _weights.Q.N));
        _device.QRmsNormRope(query, _weights.QNorm, step.Cos, step.Sin, _eps);
        return query;
    }

    /// <summary>Rows that travel are normed, rotated and rounded straight into this rank's place of the gather; the others wait for
    /// <see cref="KvConcatGatherStage"/>, which alone writes the pool, so that plans write it in their order.</summary>
    private PendingKv StartGather(StepContext step, Tensor local)
    {
        var (gather, rows) = (step.RowMap.All.Gather, step.RowMap.Rows);
        if (gather.TotalRows == 0)
            return new PendingKv(local, null);

        var gathered = step.Rent(setup.Kv.Shape.DType, gather.TotalRows, local.View.RowLength);
        PackOwnRows(step, local, gathered);
        var (start, own) = gather.Range(setup.Groups.AttnCp.Rank);
        step.Begin(setup.Groups.AttnCp.AllGatherAsync(step.Tag(layer, CollectiveKind.KvGather),
            gathered.View.Slice(start, own), gathered, gather.RowsPerRankMemory, graph));
        step.KvBytesGathered += (long)(gather.TotalRows - own) * gathered.View.RowLength * gathered.View.DType.Bytes();
        if (rows.ReplicatedRows.Length > 0)
            return new PendingKv(local, gathered);

        local.Dispose();
        return new PendingKv(null, gathered);
    }

    /// <summary>The gather's buffer taken as caches with one slot in each block.</summary>
    private void PackOwnRows(StepContext step, TensorView local, TensorView gathered)
    {
        var (heads, width) = (_weights.NumKvHeads, _weights.NumKvHeads * _headDim);
        _device.KvRmsNormRopeCache(
            local, _weights.KNorm, step.Cos, step.Sin, step.RowMap.Rows.LocalToGather,
            gathered.Columns(0, width).Reshape(gathered.Rows, 1, heads, _headDim),
            gathered.Columns(width, width).Reshape(gathered.Rows, 1, heads, _headDim),
            _eps);
    }
}
