using AkkaCp.Collectives.Calls;
using AkkaCp.Npu;

namespace AkkaCp.Collectives.Tests.Groups;

/// <summary>A rank's port whose calls are tasks, which a test may keep, combine and look at more than once.</summary>
internal sealed class TaskGroup(IRankGroup inner)
{
    public string Name => inner.Name;

    public int Size => inner.Size;

    public int Rank => inner.Rank;

    public Task AllGatherAsync(
        CollectiveTag tag, TensorView send, TensorView receive, ReadOnlyMemory<int> rowsPerRank, CancellationToken cancellationToken) =>
        inner.AllGatherAsync(tag, send, receive, rowsPerRank, cancellationToken).AsTask();

    public Task AllReduceAsync(CollectiveTag tag, TensorView data, CancellationToken cancellationToken) =>
        inner.AllReduceAsync(tag, data, cancellationToken).AsTask();

    public Task TransferAsync(CollectiveTag tag, TensorView rows, int from, int to, CancellationToken cancellationToken) =>
        inner.TransferAsync(tag, rows, from, to, cancellationToken).AsTask();

    public Task BarrierAsync(CollectiveTag tag, CancellationToken cancellationToken) =>
        inner.BarrierAsync(tag, cancellationToken).AsTask();

    public void Abort(long epoch, long step, string reason) => inner.Abort(epoch, step, reason);
}
