using AkkaCp.Collectives.Calls;
using AkkaCp.Npu;

namespace AkkaCp.Pipeline.Tests.Running;

/// <summary>A group that writes every call down before it passes it on.</summary>
internal sealed class RecordingGroup(IRankGroup inner, int rank, IReadOnlyList<int> members, CollectiveLog log) : IRankGroup
{
    public string Name => inner.Name;

    public int Size => inner.Size;

    public int Rank => inner.Rank;

    public ValueTask AllGatherAsync(
        CollectiveTag tag, TensorView send, TensorView receive, ReadOnlyMemory<int> rowsPerRank, CancellationToken cancellationToken)
    {
        log.Add(new(rank, members, "all_gather", tag, (send.Rows, send.RowLength), receive.Rows, send.DType));
        return inner.AllGatherAsync(tag, send, receive, rowsPerRank, cancellationToken);
    }

    public ValueTask AllReduceAsync(CollectiveTag tag, TensorView data, CancellationToken cancellationToken)
    {
        log.Add(new(rank, members, "all_reduce", tag, (data.Rows, data.RowLength), data.Rows, data.DType));
        return inner.AllReduceAsync(tag, data, cancellationToken);
    }

    public ValueTask TransferAsync(CollectiveTag tag, TensorView rows, int from, int to, CancellationToken cancellationToken)
    {
        log.Add(new(rank, members, "transfer", tag, (rows.Rows, rows.RowLength), rows.Rows, rows.DType));
        return inner.TransferAsync(tag, rows, from, to, cancellationToken);
    }

    public void Abort(long epoch, long step, string reason) => inner.Abort(epoch, step, reason);
}
