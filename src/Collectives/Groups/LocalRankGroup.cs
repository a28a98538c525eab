using AkkaCp.Collectives.Calls;
using AkkaCp.Npu;

namespace AkkaCp.Collectives.Groups;

/// <summary>A rank's port to the other ranks of its process, through shared memory; made by <see cref="LocalRankHub"/>.</summary>
public sealed class LocalRankGroup : IRankGroup
{
    private readonly LocalGroup _group;

    internal LocalRankGroup(LocalGroup group, int rank)
    {
        _group = group;
        Rank = rank;
    }

    /// <inheritdoc/>
    public string Name => _group.Name;

    /// <inheritdoc/>
    public int Size => _group.Size;

    /// <inheritdoc/>
    public int Rank { get; }

    /// <inheritdoc/>
    public ValueTask AllGatherAsync(CollectiveTag tag, TensorView send, TensorView receive, ReadOnlyMemory<int> rowsPerRank,
        CancellationToken cancellationToken) => Join(tag, new CollectiveCall
        {
            Member = Rank,
            Operation = CollectiveOperation.AllGather,
            Send = send,
            Receive = receive,
            RowsPerRank = rowsPerRank,
        }, cancellationToken);

    /// <inheritdoc/>
    public ValueTask AllReduceAsync(CollectiveTag tag, TensorView data, CancellationToken cancellationToken) => Join(tag, new CollectiveCall
    {
        Member = Rank,
        Operation = CollectiveOperation.AllReduce,
        Send = data,
        Receive = data,
    }, cancellationToken);

    /// <inheritdoc/>
    public ValueTask ReduceScatterAsync(CollectiveTag tag, TensorView send, TensorView receive, ReadOnlyMemory<int> rowsPerRank,
        CancellationToken cancellationToken) => Join(tag, new CollectiveCall
        {
            Member = Rank,
            Operation = CollectiveOperation.ReduceScatter,
            Send = send,
            Receive = receive,
            RowsPerRank = rowsPerRank,
        }, cancellationToken);

    /// <inheritdoc/>
    public ValueTask BroadcastAsync(CollectiveTag tag, TensorView data, int root, CancellationToken cancellationToken) =>
        Join(tag, new CollectiveCall
        {
            Member = Rank,
            Operation = CollectiveOperation.Broadcast,
            Send = data,
            Receive = data,
            Root = root,
        }, cancellationToken);

    /// <inheritdoc/>
    public ValueTask BarrierAsync(CollectiveTag tag, CancellationToken cancellationToken) =>
        Join(tag, new CollectiveCall { Member = Rank, Operation = CollectiveOperation.Barrier }, cancellationToken);

    /// <inheritdoc/>
    public void Abort(long epoch, long step, string reason) => _group.Abort(Rank, epoch, step, reason);

    private ValueTask Join(CollectiveTag tag, in CollectiveCall call, CancellationToken cancellationToken) =>
        _group.Join(tag, call, cancellationToken);
}
