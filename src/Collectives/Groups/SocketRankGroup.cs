using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Wire;
using AkkaCp.Npu;

namespace AkkaCp.Collectives.Groups;

/// <summary>A rank's port to the other ranks of a group, wherever they are; made by <see cref="RankMesh"/>.</summary>
internal sealed class SocketRankGroup(SocketGroup group, int rank) : IRankGroup
{
    public string Name => group.Name;

    public int Size => group.Size;

    public int Rank => rank;

    public ValueTask AllGatherAsync(CollectiveTag tag, TensorView send, TensorView receive, ReadOnlyMemory<int> rowsPerRank,
        CancellationToken cancellationToken) =>
        group.Join(rank, tag, Shape(GroupOperation.AllGather, send, rowsPerRank), send, receive, cancellationToken);

    public ValueTask AllReduceAsync(CollectiveTag tag, TensorView data, CancellationToken cancellationToken) =>
        group.Join(rank, tag, InPlace(GroupOperation.AllReduce, data), data, data, cancellationToken);

    public ValueTask ReduceScatterAsync(CollectiveTag tag, TensorView send, TensorView receive, ReadOnlyMemory<int> rowsPerRank,
        CancellationToken cancellationToken) =>
        group.Join(rank, tag, Shape(GroupOperation.ReduceScatter, send, rowsPerRank), send, receive, cancellationToken);

    public ValueTask BroadcastAsync(CollectiveTag tag, TensorView data, int root, CancellationToken cancellationToken) =>
        group.Join(rank, tag, InPlace(GroupOperation.Broadcast, data, root), data, data, cancellationToken);

    public ValueTask BarrierAsync(CollectiveTag tag, CancellationToken cancellationToken) =>
        group.Join(rank, tag, new CallShape { Operation = GroupOperation.Barrier }, default, default, cancellationToken);

    public void Abort(long epoch, long step, string reason) => group.Abort(rank, epoch, step, reason);

    private static CallShape Shape(GroupOperation operation, TensorView send, ReadOnlyMemory<int> rowsPerRank) => new()
    {
        Operation = operation,
        DType = send.DType,
        RowLength = send.RowLength,
        RowsPerRank = rowsPerRank,
    };

    private static CallShape InPlace(GroupOperation operation, TensorView data, int root = 0) => new()
    {
        Operation = operation,
        DType = data.DType,
        Rows = data.Rows,
        RowLength = data.RowLength,
        Root = root,
    };
}
