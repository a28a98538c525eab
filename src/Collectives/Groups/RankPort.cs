using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Wire;
using AkkaCp.Npu;

namespace AkkaCp.Collectives.Groups;

/// <summary>A rank's port to the other ranks of a group, wherever they are; made by <see cref="EpochGroups"/>.</summary>
internal sealed class RankPort(RankGroup group, int rank) : IRankGroup
{
    public string Name => group.Map.Name;

    public int Size => group.Map.Size;

    public int Rank => rank;

    public ValueTask AllGatherAsync(CollectiveTag tag, TensorView send, TensorView receive, ReadOnlyMemory<int> rowsPerRank,
        CancellationToken cancellationToken) =>
        group.Join(rank, tag, new CallShape
        {
            Operation = GroupOperation.AllGather,
            DType = send.DType,
            RowLength = send.RowLength,
            RowsPerRank = rowsPerRank,
        }, send, receive, cancellationToken);

    public ValueTask AllReduceAsync(CollectiveTag tag, TensorView data, CancellationToken cancellationToken) =>
        group.Join(rank, tag, new CallShape
        {
            Operation = GroupOperation.AllReduce,
            DType = data.DType,
            Rows = data.Rows,
            RowLength = data.RowLength,
        }, data, data, cancellationToken);

    public ValueTask TransferAsync(CollectiveTag tag, TensorView rows, int from, int to, CancellationToken cancellationToken) =>
        group.Join(rank, tag, new CallShape
        {
            Operation = GroupOperation.Transfer,
            DType = rows.DType,
            Rows = rows.Rows,
            RowLength = rows.RowLength,
            From = from,
            To = to,
        }, rows, rows, cancellationToken);

    public void Abort(long epoch, long step, string reason) => group.Abort(rank, epoch, step, reason);
}
