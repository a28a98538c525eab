using AkkaCp.Collectives;
using AkkaCp.Collectives.Calls;
using AkkaCp.Npu;

namespace AkkaCp.Pipeline.Tests.Running;

/// <summary>A group whose calls return when they have ended: no stage is ever suspended, whoever comes last.</summary>
internal sealed class BlockingGroup(IRankGroup inner) : IRankGroup
{
    public string Name => inner.Name;

    public int Size => inner.Size;

    public int Rank => inner.Rank;

    public static RankGroups All(IRankMesh mesh, int rank)
    {
        var groups = mesh.GroupsOf(rank);
        return new RankGroups(new BlockingGroup(groups.AttnTp), new BlockingGroup(groups.AttnCp), new BlockingGroup(groups.Moe));
    }

    public ValueTask AllGatherAsync(
        CollectiveTag tag, TensorView send, TensorView receive, ReadOnlyMemory<int> rowsPerRank, CancellationToken cancellationToken) =>
        Ended(inner.AllGatherAsync(tag, send, receive, rowsPerRank, cancellationToken));

    public ValueTask AllReduceAsync(CollectiveTag tag, TensorView data, CancellationToken cancellationToken) =>
        Ended(inner.AllReduceAsync(tag, data, cancellationToken));

    public ValueTask TransferAsync(CollectiveTag tag, TensorView rows, int from, int to, CancellationToken cancellationToken) =>
        Ended(inner.TransferAsync(tag, rows, from, to, cancellationToken));

    public void Abort(long epoch, long step, string reason) => inner.Abort(epoch, step, reason);

    private static ValueTask Ended(ValueTask call)
    {
        var spin = default(SpinWait);
        while (!call.IsCompleted)
            spin.SpinOnce();

        return call;
    }
}
