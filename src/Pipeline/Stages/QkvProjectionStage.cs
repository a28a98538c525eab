using AkkaCp.Collectives.Calls;
using AkkaCp.Npu;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Pipeline.Stages;

/// <summary>
/// K, V and Q of this rank's rows and heads, from the normed hidden rows. K and V come first and their gather starts at once, so that it
/// travels behind the Q product, the larger one. K and V are one buffer, so that one collective moves both.
/// </summary>
internal sealed class QkvProjectionStage(RankSetup setup, int layer, Attention attention, CancellationToken graph)
{
    public QkvMessage Run(NormedMessage message)
    {
        var (step, hidden, normed) = message;
        var kv = StartGather(step, attention.ProjectKv(step, normed));
        var query = attention.ProjectQuery(step, normed);
        normed.Dispose();
        return new QkvMessage(step, hidden, query, kv);
    }

    /// <summary>Rows that travel are finished and rounded straight into this rank's place of the gather; the others wait for
    /// <see cref="KvConcatGatherStage"/>, which alone writes the pool, so that plans write it in their order.</summary>
    private PendingKv StartGather(StepContext step, Tensor local)
    {
        var (gather, rows) = (step.RowMap.All.Gather, step.RowMap.Rows);
        if (gather.TotalRows == 0)
            return new PendingKv(local, null);

        var gathered = step.Rent(setup.Kv.Shape.DType, gather.TotalRows, setup.Kv.Shape.Row.Length);
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
        var (keys, values) = setup.Kv.Shape.Row.Split(gathered);
        attention.WriteKv(
            step, local, step.RowMap.Rows.LocalToGather,
            keys.Reshape(keys.Rows, 1, keys[1], keys[2]), values.Reshape(values.Rows, 1, values[1], values[2]));
    }
}
